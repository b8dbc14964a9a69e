"""Channels are mixed to mono, and none cancels another out."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.media.downmix import downmix

NOISE = np.random.default_rng(4).uniform(-0.5, 0.5, (4, 1600)).astype(np.float32)
VOICE = np.sin(np.arange(1600) / 9).astype(np.float32)


@pytest.mark.parametrize(
    ("channels", "mixed"),
    [
        ([VOICE], VOICE),
        ([VOICE, VOICE], VOICE),
        ([VOICE, 0 * VOICE], VOICE / 2),
        ([NOISE[0], NOISE[1]], (NOISE[0] + NOISE[1]) / 2),
        ([VOICE, *[0 * VOICE] * 7], VOICE / 8),
        ([VOICE, -VOICE], VOICE),
        ([-0.99 * VOICE, VOICE], -0.99 * VOICE),
        ([VOICE, -VOICE, VOICE, -VOICE], VOICE),
        ([0 * VOICE, 0 * VOICE], 0 * VOICE),
    ],
)
def test_a_mix_keeps_what_is_heard(channels: list[np.ndarray], mixed: np.ndarray) -> None:
    made = downmix(np.stack(channels, axis=1))
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, mixed, atol=1e-6)


def test_no_samples_give_no_samples() -> None:
    assert downmix(np.zeros((0, 2), np.float32)).shape == (0,)
