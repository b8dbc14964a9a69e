"""Sound that is resampled piece by piece is the same as resampled whole, and in its place."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from avatar_app.core.values import AudioChunk
from avatar_app.media.resample import Resampler, resampled

RATES = [(48_000, 16_000), (44_100, 16_000), (22_050, 48_000), (48_000, 44_100), (8_000, 16_000)]


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(7).uniform(-0.5, 0.5, count).astype(np.float32)


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
def test_chunked_resampling_equals_resampling_the_whole(from_rate: int, to_rate: int) -> None:
    sound, resampler = noise(from_rate), Resampler(from_rate, to_rate)
    pieces = [resampler.process(piece) for piece in np.array_split(sound, 97)]
    pieces.append(resampler.process(sound[:0], last=True))
    np.testing.assert_allclose(
        np.concatenate(pieces), soxr.resample(sound, from_rate, to_rate), atol=1e-4
    )


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
def test_delay_is_the_number_of_held_back_samples(from_rate: int, to_rate: int) -> None:
    resampler = Resampler(from_rate, to_rate)
    given = [resampler.process(noise(from_rate // 100)) for _ in range(100)]
    held = 1.0 - sum(map(len, given)) / to_rate
    assert resampler.delay == pytest.approx(held, abs=0.01)
    assert 0 < resampler.delay < 0.1


def test_click_keeps_its_position() -> None:
    sound = np.zeros(48_000, np.float32)
    sound[24_000] = 1.0
    assert np.argmax(Resampler(48_000, 16_000).process(sound, last=True)) == 8_000


def test_the_resampler_restarts_after_the_last_chunk() -> None:
    resampler, sound = Resampler(44_100, 16_000), noise(4_410)
    first = resampler.process(sound, last=True)
    np.testing.assert_array_equal(resampler.process(sound, last=True), first)


def test_equal_rates_pass_through() -> None:
    resampler, sound = Resampler(16_000, 16_000), noise(100)
    assert resampler.process(sound) is sound
    assert resampler.delay == 0.0


def test_chunk_position_is_converted_to_the_other_rate() -> None:
    chunk = resampled(AudioChunk(noise(4_800), 48_000, start=48_000), 16_000)
    assert (len(chunk.samples), chunk.rate, chunk.start) == (1_600, 16_000, 16_000)
