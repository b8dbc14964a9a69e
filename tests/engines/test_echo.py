"""The echo canceller takes the avatar's voice out of the microphone and leaves the user's in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from avatar_app.core.values import (
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    PLAYBACK_BLOCK,
    PLAYBACK_RATE,
    AudioChunk,
    Samples,
)
from avatar_app.engines.aec.none.engine import PassThrough
from avatar_app.engines.aec.webrtc_aec3.engine import WebrtcEchoCanceller

RECORDINGS = Path(__file__).parents[1] / "data"


def _recording(name: str, rate: int) -> Samples:
    samples, own_rate = soundfile.read(RECORDINGS / name, dtype="float32")
    return soxr.resample(samples, own_rate, rate)


def _decibels(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


def _echo(played: Samples, delay: float) -> Samples:
    """What a microphone hears of `played`: half as loud, late, with 80 ms of reverberation."""
    generator = np.random.default_rng(1)
    decay = np.exp(-np.arange(1280) / 240)
    response = np.concatenate([[1.0], 0.1 * generator.standard_normal(1280) * decay])
    direct = soxr.resample(played, PLAYBACK_RATE, MICROPHONE_RATE)
    late = np.concatenate([np.zeros(round(delay * MICROPHONE_RATE)), direct])[: len(direct)]
    return (0.5 * np.convolve(late, response)[: len(direct)]).astype(np.float32)


def _cleaned(
    canceller: WebrtcEchoCanceller | PassThrough, played: Samples, heard: Samples, delay: float
) -> Samples:
    pieces = []
    for start in range(0, len(heard) - MICROPHONE_BLOCK + 1, MICROPHONE_BLOCK):
        far = played[3 * start : 3 * start + PLAYBACK_BLOCK]
        canceller.played(AudioChunk(far, PLAYBACK_RATE, 3 * start))
        near = AudioChunk(heard[start : start + MICROPHONE_BLOCK], MICROPHONE_RATE, start)
        clean = canceller.clean(near, delay)
        assert (clean.rate, clean.start, len(clean.samples)) == (MICROPHONE_RATE, start, 160)
        pieces.append(clean.samples)
    return np.concatenate(pieces)


@pytest.fixture(scope="module")
def played() -> Samples:
    samples = _recording("librivox-0870.wav", PLAYBACK_RATE)
    return samples[: len(samples) // PLAYBACK_BLOCK * PLAYBACK_BLOCK]


@pytest.mark.parametrize("delay", [0.06, 0.12, 0.3])
@pytest.mark.parametrize("reported", [0.1, None])
def test_echo_is_reduced_by_thirty_decibels_after_a_second(played, delay, reported):
    heard = _echo(played, delay)
    clean = _cleaned(WebrtcEchoCanceller(), played, heard, delay if reported is None else reported)
    assert _decibels(heard[16000:]) - _decibels(clean[16000:]) > 30


def test_echo_remains_without_cancellation(played):
    heard = _echo(played, 0.06)
    canceller = WebrtcEchoCanceller(echo_cancellation=False, noise_suppression=False)
    clean = _cleaned(canceller, played, heard, 0.06)
    assert abs(_decibels(heard[16000:]) - _decibels(clean[16000:])) < 3


def test_user_alone_keeps_their_level():
    heard = _recording("librivox-0890.wav", MICROPHONE_RATE)
    silence = np.zeros(3 * len(heard), dtype=np.float32)
    clean = _cleaned(WebrtcEchoCanceller(), silence, heard, 0.06)
    assert abs(_decibels(heard) - _decibels(clean)) < 2


def test_user_is_audible_over_the_avatar(played):
    user = _recording("librivox-0890.wav", MICROPHONE_RATE)
    speech = np.zeros(len(played) // 3, dtype=np.float32)
    speech[32000 : 32000 + len(user)] = user[: len(speech) - 32000]
    clean = _cleaned(WebrtcEchoCanceller(), played, _echo(played, 0.06) + speech, 0.06)
    assert _decibels(clean[33600:]) > _decibels(clean[16000:32000]) + 15


def test_hiss_is_reduced():
    generator = np.random.default_rng(1)
    heard = (0.01 * generator.standard_normal(3 * MICROPHONE_RATE)).astype(np.float32)
    silence = np.zeros(3 * len(heard), dtype=np.float32)
    clean = _cleaned(WebrtcEchoCanceller(), silence, heard, 0.06)
    assert _decibels(clean[-16000:]) < _decibels(heard[-16000:]) - 6


def test_cancellation_is_deterministic(played):
    heard = _echo(played, 0.12)[:32000]
    first = _cleaned(WebrtcEchoCanceller(), played, heard, 0.12)
    assert np.array_equal(first, _cleaned(WebrtcEchoCanceller(), played, heard, 0.12))


def test_pass_through_canceller_changes_nothing(played):
    heard = _echo(played, 0.06)[:1600]
    assert np.array_equal(_cleaned(PassThrough(), played, heard, 0.06), heard)


def test_changed_delay_is_passed_to_the_canceller(monkeypatch: pytest.MonkeyPatch) -> None:
    canceller, delays = WebrtcEchoCanceller(), list[int]()
    tell = canceller._module.set_stream_delay_ms
    monkeypatch.setattr(
        canceller._module, "set_stream_delay_ms", lambda ms: delays.append(ms) or tell(ms)
    )
    silence = AudioChunk(np.zeros(MICROPHONE_BLOCK, np.float32), MICROPHONE_RATE)
    for delay in (0.06, 0.06, 0.12, 0.12, 0.0, 9.0):
        canceller.clean(silence, delay)
    assert delays == [60, 120, 1, 500]
    canceller.configure()
    assert canceller._delay == 0  # another module, which was told nothing
