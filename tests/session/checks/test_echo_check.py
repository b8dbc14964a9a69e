"""The echo check in simulated rooms: known delays and levels, noise, other speakers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from echo_rooms import at_level, fitted, heard_in

from avatar_app.bench.echoes import EchoPath
from avatar_app.core.values import AudioChunk, Samples
from avatar_app.engines.aec.none.engine import PassThrough
from avatar_app.engines.aec.webrtc_aec3.engine import WebrtcEchoCanceller
from avatar_app.engines.vad.silero.engine import SileroDetector
from avatar_app.media.sound_reader import read_sound
from avatar_app.session.checks.echo import EchoEngines, EchoReport, EchoVerdict, judge_echo

DATA = Path(__file__).parents[2] / "data"
ENGINES = EchoEngines(
    WebrtcEchoCanceller, lambda: WebrtcEchoCanceller(noise_suppression=False), SileroDetector
)
WITHOUT = EchoEngines(PassThrough, PassThrough, SileroDetector)


def checked(sound: Samples, *room: object, **about: object) -> EchoReport:
    return judge_echo(heard_in(sound, *room, **about), ENGINES)


@pytest.mark.parametrize("delay", [0.01, 0.06, 0.15, 0.3])
@pytest.mark.parametrize("level", [0.0, -6.0, -20.0])
def test_loudspeaker_echo_is_cancelled_and_its_delay_found(
    voice_sound: Samples, delay: float, level: float
) -> None:
    report = checked(voice_sound, EchoPath(delay, level))
    assert report.verdict is EchoVerdict.CANCELLED
    assert report.delay == pytest.approx(delay, abs=0.002)
    assert report.echo_db == pytest.approx(-20.5 + level, abs=2.0)
    assert report.erle_db is not None
    assert report.erle_db > 20.0
    assert report.longest_voiced < 0.1


def test_jitter_of_the_devices_times_moves_the_delay_little(voice_sound: Samples) -> None:
    report = checked(voice_sound, EchoPath(0.1), jitter=0.004)
    assert report.verdict is EchoVerdict.CANCELLED
    assert report.delay == pytest.approx(0.1, abs=0.003)


@pytest.mark.parametrize("noise_db", [-85.0, -62.0, -35.0])
def test_headphones_have_no_echo(voice_sound: Samples, noise_db: float) -> None:
    report = checked(voice_sound, None, noise_db=noise_db)
    assert report.verdict is EchoVerdict.HEADPHONES
    assert (report.erle_db, report.delay, report.voiced) == (None, None, 0.0)
    assert report.noise_db == pytest.approx(noise_db, abs=1.0)


def test_headphones_that_leak_are_still_headphones(voice_sound: Samples) -> None:
    report = checked(voice_sound, EchoPath(0.06, -40.0))
    assert report.verdict is EchoVerdict.HEADPHONES
    assert report.delay == pytest.approx(0.06, abs=0.002)


def test_an_echo_later_than_the_canceller_reaches_remains(voice_sound: Samples) -> None:
    report = checked(voice_sound, EchoPath(0.55))
    assert report.verdict is EchoVerdict.REMAINS
    assert report.delay == pytest.approx(0.55, abs=0.002)
    assert report.erle_db is not None
    assert report.erle_db < 15.0


def test_without_a_canceller_the_echo_remains(voice_sound: Samples) -> None:
    report = judge_echo(heard_in(voice_sound, EchoPath(0.1)), WITHOUT)
    assert report.verdict is EchoVerdict.REMAINS
    assert report.erle_db == pytest.approx(0.0, abs=0.1)


class Deaf:
    """A detector that takes nothing for a voice."""

    def configure(self) -> None: ...

    def probability(self, _block: AudioChunk) -> float:
        return 0.0

    def close(self) -> None: ...


def test_an_echo_below_the_voice_threshold_is_faint(voice_sound: Samples) -> None:
    blocks = heard_in(voice_sound, EchoPath(0.1, -20.0))
    report = judge_echo(blocks, EchoEngines(PassThrough, PassThrough, Deaf))
    assert report.verdict is EchoVerdict.FAINT
    assert report.echo_db == pytest.approx(-40.5, abs=2.0)


def test_an_echo_in_much_noise_is_cancelled_down_to_the_noise(voice_sound: Samples) -> None:
    report = checked(voice_sound, EchoPath(0.1, -13.5), noise_db=-40.0)
    assert report.verdict is EchoVerdict.CANCELLED
    assert report.at_least, "more than the noise cannot be seen to be taken out"
    assert report.erle_db < 12
    assert report.delay == pytest.approx(0.1, abs=0.002)
    assert report.echo_db == pytest.approx(-34.0, abs=2.5)


def test_a_loudspeaker_that_overdrives_the_microphone(voice_sound: Samples) -> None:
    report = checked(voice_sound, EchoPath(0.1), gain=40.0)
    assert report.verdict is EchoVerdict.OVERDRIVEN


@pytest.mark.parametrize("echo", [None, -6.0, -30.0])
@pytest.mark.parametrize("recording", ["jfk.flac", "librivox-0870.wav"])
def test_speech_during_the_check_is_reported(
    voice_sound: Samples, recording: str, echo: float | None
) -> None:
    words = at_level(read_sound(DATA / recording, 16_000).samples, -26.0)
    others = fitted(words, len(voice_sound) // 3)
    path = EchoPath(0.1, echo) if echo is not None else None
    assert checked(voice_sound, path, others=others).verdict is EchoVerdict.DISTURBED


def test_a_muted_microphone_is_silent(voice_sound: Samples) -> None:
    report = checked(voice_sound, None, noise_db=-200.0)
    assert report.verdict is EchoVerdict.SILENT


class _Room:
    """The sound of a room with `seconds` of reverberation (RT60), as strong as the direct one."""

    def __init__(self, seconds: float) -> None:
        count = round(seconds * 16_000)
        tail = np.random.default_rng(5).standard_normal(count)
        tail *= 10 ** (-3 * np.arange(count) / count)
        response = tail / np.sqrt(np.square(tail).sum())
        response[0] += 1.0
        self._response = 0.5 * np.concatenate([np.zeros(1600), response])
        self._sounding = np.zeros(len(self._response) + 160)

    def __call__(self, played: Samples) -> Samples:
        sound = np.convolve(played.reshape(-1, 3).mean(axis=1), self._response)
        self._sounding[: len(sound)] += sound
        heard = self._sounding[:160].astype(np.float32)
        self._sounding = np.concatenate([self._sounding[160:], np.zeros(160)])
        return heard


@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.7])
def test_reverberant_room_is_recognized_as_loudspeaker(
    voice_sound: Samples, seconds: float
) -> None:
    report = checked(voice_sound, _Room(seconds))
    assert report.verdict is EchoVerdict.CANCELLED
    assert report.delay == pytest.approx(0.1, abs=0.003)


def test_a_device_that_states_its_times_wrongly_gives_a_delay_before_zero(
    voice_sound: Samples,
) -> None:
    blocks = heard_in(voice_sound, EchoPath(0.02))
    early = [replace(block, adc_at=block.adc_at - 0.06) for block in blocks]
    assert judge_echo(early, ENGINES).delay == pytest.approx(-0.04, abs=0.002)
