"""S3FD's weights as tests make them: random but the same everywhere, or set by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avatar_app.avatars.detection.s3fd_graph import expected_shapes

FOLDER = Path(__file__).parents[1] / "data" / "s3fd"
State = dict[str, np.ndarray]
NORMS = {"conv3_3_norm": 10.0, "conv4_3_norm": 8.0, "conv5_3_norm": 5.0}
"""What the norms' weights are before training."""


def random_state(seed: int = 5) -> State:
    """Filters that keep the size of what passes through them."""
    state = {}
    for index, (key, shape) in enumerate(sorted(expected_shapes().items())):
        generator = np.random.default_rng([seed, index])
        name = key.rsplit(".", 1)[0]
        values = generator.standard_normal(shape, np.float32)
        if name in NORMS:
            values = NORMS[name] * (1 + 0.1 * values)
        elif len(shape) == 4:
            values *= np.float32((2 / np.prod(shape[1:])) ** 0.5)
        else:
            values *= np.float32(0.1)
        state[key] = values.astype(np.float32)
    for head in ("fc7", "conv6_2", "conv7_2"):  # these levels are not normed
        for part in ("conf", "loc"):
            state[f"{head}_mbox_{part}.weight"] *= np.float32(0.02)
    return state


def pure_green_state(level: str, box: tuple[float, float, float, float]) -> State:
    """Says that there is a face where a pixel is pure green, at one level, in the box told.

    `level`: one of NORMS; `box`: what the network says of the place, the same in each cell.
    """
    state = {key: np.zeros(shape, np.float32) for key, shape in expected_shapes().items()}
    for key, values in state.items():
        if values.ndim == 4 and "mbox" not in key:
            values[0, 0, values.shape[2] // 2, values.shape[3] // 2] = 1
    state["conv1_1.weight"][0, :, 1, 1] = -1, 1, -1  # B, G and R
    state["conv1_1.bias"][0] = -340  # above the means; (0, 255, 0) is 365
    for norm, weight in NORMS.items():
        state[f"{norm}.weight"][:] = weight
    for key, values in state.items():
        if key.endswith("mbox_conf.bias"):
            values[-1] = -20
    state[f"{level}_mbox_conf.weight"][-1, 0, 1, 1] = 30 / NORMS[level]
    state[f"{level}_mbox_loc.bias"][:] = box
    return state
