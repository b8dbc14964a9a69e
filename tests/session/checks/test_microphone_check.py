"""A microphone is judged as a person would judge it: real recordings, made worse in known ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr
from echo_rooms import at_level, noise

from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.engines.aec.webrtc_aec3.engine import WebrtcEchoCanceller
from avatar_app.engines.vad.silero.engine import SileroDetector
from avatar_app.media.sound_reader import read_sound
from avatar_app.session.checks.microphone import MicrophoneReport, MicrophoneVerdict
from avatar_app.session.checks.microphone import judge_microphone as judge

DATA = Path(__file__).parents[2] / "data"
SPEECH = ("jfk.flac", "librivox-0870.wav", "librivox-0890.wav", "goforward.wav")
COUNT = round(3.5 * MICROPHONE_RATE)
ROOM = noise(COUNT, -62.0)


@pytest.fixture(params=SPEECH)
def speech(request: pytest.FixtureRequest) -> Samples:
    """Somebody speaks at half a meter from a laptop, in a quiet room."""
    samples = read_sound(DATA / request.param, MICROPHONE_RATE).samples[:COUNT]
    return at_level(samples, -26.0) + ROOM[: len(samples)]


def judged(samples: Samples, device: str | None = "Desk") -> MicrophoneReport:
    return judge(samples, device, WebrtcEchoCanceller(), SileroDetector())


def clipped(samples: Samples, gain: float) -> Samples:
    """As a card at 48 kHz cuts it off, before it is brought to 16 kHz."""
    loud = np.clip(soxr.resample(samples * gain, MICROPHONE_RATE, 48_000), -1.0, 1.0)
    return soxr.resample(loud, 48_000, MICROPHONE_RATE).astype(np.float32)


def test_good_recording_passes(speech: Samples) -> None:
    report = judged(speech)
    assert report.verdict is MicrophoneVerdict.WELL
    assert report.voice_db == pytest.approx(-25.0, abs=2.0)
    assert report.clipped == 0.0
    assert report.spoken > 1.0


def test_distant_voice_is_too_quiet(speech: Samples) -> None:
    report = judged(speech * 0.1)
    assert report.verdict is MicrophoneVerdict.TOO_QUIET
    assert report.voice_db == pytest.approx(-45.0, abs=2.0)


@pytest.mark.parametrize("gain", [6.0, 20.0])
def test_clipping_is_too_loud(speech: Samples, gain: float) -> None:
    report = judged(clipped(speech, gain))
    assert report.verdict is MicrophoneVerdict.TOO_LOUD
    assert report.clipped > 0.01


def test_clipping_below_full_scale_is_detected(speech: Samples) -> None:
    report = judged(0.3 * clipped(speech, 20.0))
    assert report.verdict is MicrophoneVerdict.TOO_LOUD
    assert report.clipped == 0.0


def test_a_voice_in_noise_is_noisy(speech: Samples) -> None:
    assert judged(speech + noise(len(speech), -32.0)).verdict is MicrophoneVerdict.NOISY


def test_noise_without_voice_is_noisy() -> None:
    assert judged(noise(COUNT, -30.0)).verdict is MicrophoneVerdict.NOISY
    hum = 0.1 * np.sin(2 * np.pi * 50 * np.arange(COUNT) / MICROPHONE_RATE)
    assert judged(hum.astype(np.float32)).verdict is MicrophoneVerdict.NOISY


def test_a_quiet_room_is_no_speech() -> None:
    report = judged(ROOM)
    assert report.verdict is MicrophoneVerdict.NO_SPEECH
    assert report.voice_db == -100.0
    assert report.noise_db == pytest.approx(-62.0, abs=1.0)


def test_a_muted_microphone_differs_from_a_missing_one() -> None:
    nothing = np.zeros(COUNT, np.float32)
    assert judged(nothing).verdict is MicrophoneVerdict.NOTHING
    flutter = np.random.default_rng(1).integers(-1, 2, COUNT) / 32768  # of a converter's last bit
    assert judged(flutter.astype(np.float32)).verdict is MicrophoneVerdict.NOTHING
    assert judged(nothing, device=None).verdict is MicrophoneVerdict.MISSING
