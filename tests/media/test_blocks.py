"""A recording arrives as from a microphone."""

from __future__ import annotations

import numpy as np

from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE
from avatar_app.media.blocks import blocks_of


def test_a_recording_is_cut_into_whole_blocks_that_know_their_place() -> None:
    samples = np.arange(3 * MICROPHONE_BLOCK + 7, dtype=np.float32)
    blocks = list(blocks_of(samples))
    assert [block.start for block in blocks] == [0, MICROPHONE_BLOCK, 2 * MICROPHONE_BLOCK]
    assert all(block.rate == MICROPHONE_RATE for block in blocks)
    whole = np.concatenate([block.samples for block in blocks])
    assert np.array_equal(whole, samples[: 3 * MICROPHONE_BLOCK])


def test_less_than_a_block_is_nothing() -> None:
    assert list(blocks_of(np.zeros(MICROPHONE_BLOCK - 1, np.float32))) == []
