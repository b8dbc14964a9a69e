"""Pitch, speed, melody and loudness of any voice change as asked, and nothing else with them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_app.core.values import MouthShape, Samples
from avatar_app.engines.tts.speech.chunks import Spoken, WordAt
from avatar_app.engines.tts.speech.manner import VoiceConfig, apply_manner, level_loudness
from avatar_app.engines.tts.speech.melody import melody

RATE = 24_000
FORMANTS = (700.0, 1220.0, 2600.0)
"""Hz, of the vowel in “father”."""


def vowel(low: float, high: float, seconds: float = 1.2) -> Samples:
    """A vowel whose pitch glides up from `low` and back: pulses through three resonances."""
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = low + (high - low) * np.sin(np.pi * time / seconds) ** 2
    turns = np.cumsum(pitch) / RATE
    sound = np.diff(np.floor(turns), prepend=0.0)
    spectrum = np.fft.rfft(sound, 2 * len(sound))
    frequencies = np.fft.rfftfreq(2 * len(sound), 1 / RATE)
    for formant in FORMANTS:
        spectrum /= 1 - (frequencies / formant) ** 2 + 1j * frequencies / formant * 0.1
    filtered = np.fft.irfft(spectrum)[: len(sound)]
    edge = np.minimum(1, np.minimum(time, time[::-1]) / 0.05)
    return (0.4 * edge * filtered / np.abs(filtered).max()).astype(np.float32)


def envelope(samples: Samples) -> NDArray[np.float64]:
    """The spectral envelope in dB, smoothed over 400 Hz, at 300 to 3400 Hz, mean 0."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, 2048)[4096:-4096:512]
    power = (np.abs(np.fft.rfft(frames * np.hanning(2048), axis=1)) ** 2).mean(axis=0)
    width = round(400 / (RATE / 2048))
    smooth = 10 * np.log10(np.convolve(power, np.hanning(width), mode="same") + 1e-12)
    band = smooth[round(300 * 2048 / RATE) : round(3400 * 2048 / RATE)]
    return np.asarray(band - band.mean())


def said(samples: Samples) -> Spoken:
    half = len(samples) // 2
    words = [WordAt("one", 0, half), WordAt("two", half, len(samples))]
    return Spoken(samples, RATE, words, [(MouthShape.AA, half), (MouthShape.SIL, len(samples))])


def pitch_of(samples: Samples) -> float:
    found = melody(samples, RATE)
    return float(np.median(found[found > 0]))


@pytest.mark.parametrize("semitones", [-12, -5, -2, 2, 5, 12])
def test_pitch_shift_is_in_semitones_and_keeps_formants(semitones: int) -> None:
    before = vowel(150, 150)
    after = apply_manner(said(before), VoiceConfig(pitch=semitones)).samples
    assert len(after) == len(before)
    assert pitch_of(after) / pitch_of(before) == pytest.approx(2 ** (semitones / 12), rel=0.02)
    moved_along = np.interp(
        np.arange(len(before)) * 2 ** (semitones / 12), np.arange(len(before)), before
    )  # as a record that turns faster: the formants move, too
    change = np.abs(envelope(after) - envelope(before)).mean()
    lost = np.abs(envelope(moved_along.astype(np.float32)[: len(before) // 2]) - envelope(before))
    assert change < (10.0 if semitones == -12 else 4.0)  # the widest gaps between harmonics
    assert abs(semitones) < 5 or change < 0.75 * lost.mean()


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.3, 2.0])
def test_speed_scales_the_duration_and_keeps_the_pitch(speed: float) -> None:
    before = said(vowel(150, 150))
    after = apply_manner(before, VoiceConfig(speed=speed))
    assert len(after.samples) == round(len(before.samples) / speed)
    assert pitch_of(after.samples) == pytest.approx(pitch_of(before.samples), rel=0.02)
    for old, new in zip(before.words, after.words, strict=True):
        assert (new.start, new.end) == pytest.approx((old.start / speed, old.end / speed), abs=2)
    assert after.mouth is not None
    assert after.mouth[-1] == (MouthShape.SIL, len(after.samples))


def test_changing_the_pitch_preserves_timing() -> None:
    quiet = np.zeros(RATE // 2, np.float32)
    before = said(np.concatenate([quiet, vowel(150, 150, 0.4), quiet]))
    for speed in (0.5, 1.0, 2.0):
        after = apply_manner(before, VoiceConfig(speed=speed, pitch=3)).samples
        loud = np.flatnonzero(np.abs(after) > 0.05)
        assert loud[0] / RATE * speed == pytest.approx(0.51, abs=0.04)
        assert loud[-1] / RATE * speed == pytest.approx(0.89, abs=0.04)


def test_expressiveness_widens_the_melody() -> None:
    before = vowel(140, 190)

    def width(samples: Samples) -> float:
        found = melody(samples, RATE)
        low, high = np.percentile(found[found > 0], [10, 90])
        return float(12 * np.log2(high / low))

    flat, usual, lively = (
        width(apply_manner(said(before), VoiceConfig(expressiveness=expressiveness)).samples)
        for expressiveness in (0.0, 1.0, 2.0)
    )
    assert flat < 0.4 * usual
    assert lively == pytest.approx(2 * usual, rel=0.2)


def test_default_manner_leaves_the_sound_unchanged() -> None:
    before = said(vowel(150, 150))
    assert apply_manner(before, VoiceConfig()).samples is before.samples
    silent = said(np.zeros(RATE, np.float32))
    assert not apply_manner(silent, VoiceConfig(expressiveness=2.0, pitch=4)).samples.any()
    nothing = Spoken(np.zeros(0, np.float32), RATE, [], None)
    assert apply_manner(nothing, VoiceConfig(pitch=4, speed=2)).samples.size == 0
    short = Spoken(np.full(100, 0.1, np.float32), RATE, [WordAt("a", 0, 100)], None)
    assert len(apply_manner(short, VoiceConfig(pitch=4, expressiveness=2)).samples) == 100


def test_volume_never_clips() -> None:
    loud = vowel(150, 150) * 2
    assert np.abs(level_loudness(loud, 2.0)).max() < 1
    assert not level_loudness(loud, 0.0).any()
    quiet = loud / 10
    np.testing.assert_allclose(level_loudness(quiet, 2.0), quiet * 2, rtol=1e-6)


def test_chunk_borders_have_no_clicks() -> None:
    after = apply_manner(said(vowel(150, 170)), VoiceConfig(pitch=4, speed=0.7))
    chunks = list(after.chunks(0))
    assert len(chunks) > 2
    together = np.concatenate([chunk.audio.samples for chunk in chunks])
    np.testing.assert_array_equal(together, after.samples)
    usual = np.percentile(np.abs(np.diff(vowel(150, 170))), 99.9)
    for chunk in chunks[1:]:
        border = chunk.audio.start
        assert abs(together[border] - together[border - 1]) <= 2 * usual
