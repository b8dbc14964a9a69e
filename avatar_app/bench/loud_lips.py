"""Hand-made Wav2Lip weights that open the mouth in proportion to the loudness.

They have every key and shape of the published checkpoint. All filters are zero but these:

- the audio encoder averages the bands of each column, lays the 16 columns side by side into
  channels, and takes one of them: what the picture shows is the loudness at one known moment;
- the decoder spreads that number over a patch in the middle of the face's lower half, softly;
- the face encoder's first layer hands the face itself to the last layers, which darken it there.

So the time between a sound and the picture that shows it can be measured in pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_app.engines.face.lips.mel import WINDOW_COLUMNS
from avatar_app.engines.face.wav2lip.network import COUNTER, EPSILON, expected_shapes

Weights = dict[str, NDArray[np.float32]]
NEAREST, SOFT = (0.0, 1.0, 1.0), (0.5, 1.0, 0.5)
"""Taps of an upsampling convolution: blocks, or linear interpolation."""
FIRST_ONLY = (0.0, 1.0, 0.0)
"""Taps that leave every other row empty."""
STEEPNESS = 4.0
"""Slope of the last sigmoid: its middle is then as steep as the face it shows."""
DARKNESS = 1.6
"""How much the loudest sound reduces the face's brightness in the mouth, before the sigmoid."""


def loud_lips(column: int = 0) -> Weights:
    """Return a state dict that opens the mouth by the loudness of one column (0 to 15) of the
    window."""
    if not 0 <= column < WINDOW_COLUMNS:
        raise ValueError(f"a window has no column {column}")
    weights = _empty()
    _hear(weights, column)
    _spread(weights)
    _show(weights)
    return weights


def _empty() -> Weights:
    """Return a state dict of zero filters; the batch norms change nothing."""
    weights = {}
    for key, shape in expected_shapes().items():
        if key.endswith(COUNTER):
            continue
        value = 1 - EPSILON if key.endswith("running_var") else 0.0
        values = np.full(shape, value, np.float32)
        if key.endswith("conv_block.1.weight"):
            values[:] = 1.0
        weights[key] = values
    return weights


def _filter(weights: Weights, layer: str) -> NDArray[np.float32]:
    return weights[f"{layer}.conv_block.0.weight"]


def _hear(weights: Weights, column: int) -> None:
    """80 × 16 → 27 × 16 → 9 × 6 → 3 × 3 → 1 × 1: rows are averaged, columns kept in channels."""
    scaled = "audio_encoder.0"
    _filter(weights, scaled)[0, 0, 1, 1] = 1 / 8  # −4 … 4 becomes 0 … 1
    weights[f"{scaled}.conv_block.0.bias"][0] = 0.5
    _filter(weights, "audio_encoder.3")[0, 0, :, 1] = 1 / 3
    for part in range(3):  # column 3 j − 1 + part at place j of channel `part`
        _filter(weights, "audio_encoder.6")[part, 0, :, part] = 1 / 3
    for part in range(3):  # places 2 k and 2 k + 1 at place k of channels `part` and 3 + part
        for odd in range(2):
            _filter(weights, "audio_encoder.9")[3 * odd + part, part, :, 1 + odd] = 1 / 3
    place, part = divmod(column + 1, 3)
    _filter(weights, "audio_encoder.11")[0, 3 * (place % 2) + part, :, place // 2] = 1 / 3
    _filter(weights, "audio_encoder.12")[0, 0] = 1.0


def _spread(weights: Weights) -> None:
    """Expand one number to a patch of rows 64 to 79 and columns 32 to 63 of 96."""
    _filter(weights, "face_decoder_blocks.0.0")[0, 0] = 1.0
    _filter(weights, "face_decoder_blocks.1.0")[0, 0, 2, 1] = 1.0  # the lower middle of 3 × 3
    taps = [(FIRST_ONLY, NEAREST), (NEAREST, NEAREST), (NEAREST, NEAREST), (SOFT, SOFT)]
    for block, (rows, columns) in enumerate([*taps, (SOFT, SOFT)], start=2):
        _filter(weights, f"face_decoder_blocks.{block}.0")[0, 0] = np.outer(rows, columns)


def _show(weights: Weights) -> None:
    """Output the input face, darker in the patch."""
    after_decoder = 64  # the channels of the last block, before those of the face
    for color in range(3):
        _filter(weights, "face_encoder_blocks.0.0")[color, 3 + color, 3, 3] = 1.0
        _filter(weights, "output_block.0")[1 + color, after_decoder + color, 1, 1] = 1.0
        last = weights["output_block.1.weight"]
        last[color, 1 + color] = STEEPNESS
        last[color, 0] = -STEEPNESS * DARKNESS
        weights["output_block.1.bias"][color] = -STEEPNESS / 2
    _filter(weights, "output_block.0")[0, 0, 1, 1] = 1.0
