"""The checks on a running application, with real streams of a virtual sound card."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cloning import DRAWN, NAME
from echo_rooms import at_level
from event_recorder import EventRecorder
from sessions import open_session
from spoken import STORY, spoken
from virtual_audio import MICFEED, SPEAKER, VirtualAudio, likeness

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.events import TurnEnded
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.values import Samples
from avatar_app.media.sound_reader import read_sound
from avatar_app.session.app_session import AppSession
from avatar_app.session.checks.echo import EchoReport, EchoVerdict
from avatar_app.session.checks.microphone import MicrophoneVerdict
from avatar_app.session.voice_cloning import ExaminedReference
from avatar_app.voices.consent import ConsentRefused
from avatar_app.voices.library import ClonedVoice

DATA = Path(__file__).parents[2] / "data"
Opened = tuple[AppSession, EventRecorder]
LIGHT = {
    "face.options.width": 96,
    "face.options.height": 64,
    "face.options.fps": 10,
    "dialogue.options.talkativeness": "short",
}


@pytest.fixture
def session(virtual_audio: VirtualAudio) -> Iterator[Opened]:
    """A conversation that has said its greeting."""
    session, recorder = open_session(LIGHT), EventRecorder()
    session.subscribe(recorder)
    session.start()
    recorder.wait(TurnEnded)
    yield session, recorder
    session.close()


TRIES = 4
"""A machine that does much else makes real streams stutter now and then."""


def loudest_part(samples: Samples) -> Samples:
    """The quarter of a second with most power: short enough to come through whole."""
    power = np.convolve(np.square(samples), np.ones(4000), "valid")
    begin = int(power.argmax())
    return samples[begin : begin + 4000]


def job(**about: Any) -> Job[Any]:
    return Job("check", lambda _job: None, **about)


def test_echo_check_measures_and_the_conversation_continues(
    virtual_audio: VirtualAudio, session: Opened
) -> None:
    app, recorder = session
    module = virtual_audio.control(
        "load-module",
        "module-loopback",
        f"source={SPEAKER}.monitor",
        f"sink={MICFEED}",
        "latency_msec=60",
    )
    levels: list[tuple[float, float]] = []

    def check() -> EchoReport:
        return app.checks.echo(job(), lambda db, done: levels.append((db, done)))

    try:
        report = next(each for each in (check() for _ in range(TRIES)) if each.erle_db is not None)
    finally:
        virtual_audio.control("unload-module", module)
    assert report.delay is not None
    assert 0.0 < report.delay < 0.7
    assert max(db for db, _ in levels) > -40.0
    assert levels[-1][1] == 1.0
    app.type("what time is it")
    assert recorder.wait_for_end("what time is it").heard_text


def test_no_audio_path_to_the_microphone_means_headphones(session: Opened) -> None:
    report = session[0].checks.echo(job(), lambda _db, _done: None)
    assert report.verdict in (EchoVerdict.HEADPHONES, EchoVerdict.SILENT)  # a null sink is silent
    assert report.delay is None


def test_the_microphone_check_records_judges_and_plays_back(
    virtual_audio: VirtualAudio, session: Opened
) -> None:
    app, _ = session
    words = at_level(read_sound(DATA / "goforward.wav", 16_000).samples, -26.0)
    begun = threading.Event()
    speaker = threading.Thread(target=lambda: (begun.wait(60), virtual_audio.speak(words, 16_000)))
    speaker.start()
    report = app.checks.microphone(job(), lambda _db, _done: begun.set())
    speaker.join()
    assert report.verdict not in (MicrophoneVerdict.NOTHING, MicrophoneVerdict.MISSING)
    assert report.device is not None
    loudest = loudest_part(report.samples)
    with virtual_audio.recording(16_000) as recording:
        for _ in range(TRIES):
            app.checks.play(job(), report.samples)
            if likeness(loudest, recording.samples) > 0.5:
                break
        app.checks.chime(job())
    assert likeness(loudest, recording.samples) > 0.5


def test_voice_is_cloned_from_the_microphone(
    virtual_audio: VirtualAudio,
    session: Opened,
    no_keyring: None,
    always_drawn: None,
) -> None:
    app, _ = session
    cloner = app.cloner
    story, sentence = (at_level(spoken(text), -22.0) for text in (STORY, DRAWN.text))
    ended, lit = threading.Event(), set[int]()

    def speak(words: Samples) -> threading.Thread:
        ended.clear()
        said = [lambda: virtual_audio.speak(words, 16_000), ended.set]
        speaker = threading.Thread(target=lambda: [each() for each in said])
        speaker.start()
        return speaker

    def recorded() -> ExaminedReference:
        speaker = speak(story)
        path = cloner.record(job(), lambda _now: None, ended.is_set)
        speaker.join()
        return cloner.examine(job(), path)

    def read(reference: ExaminedReference) -> ClonedVoice | None:
        speaker = speak(sentence)
        try:
            asked = cloner.ask("Ada")
            return cloner.cloning(asked, reference.path, lambda now: lit.update(now.words)).run()
        except ConsentRefused:
            return None
        finally:
            speaker.join()

    reference = next(each for each in (recorded() for _ in range(TRIES)) if each.is_usable)
    made = next(voice for voice in (read(reference) for _ in range(TRIES)) if voice is not None)
    assert made.name == NAME
    assert len(lit) > 10
    cloner.discard()
    assert not reference.path.exists()


def test_cancelled_check_lets_a_waiting_one_run(session: Opened) -> None:
    app, _ = session
    cancelled = job()

    def watch(_db: float, _done: float) -> None:
        cancelled.cancel()

    with pytest.raises(JobCancelled):
        app.checks.microphone(cancelled, watch)
    app.checks.chime(job())


def test_missing_devices_are_reported() -> None:
    app = open_session(LIGHT)
    app.start()
    try:
        assert app.wait_open()
        report = app.checks.microphone(job(), lambda _db, _done: None)
        assert report.verdict is MicrophoneVerdict.MISSING
        with pytest.raises(DeviceUnavailable, match="No loudspeaker"):
            app.checks.chime(job())
        with pytest.raises(DeviceUnavailable, match="No microphone"):
            app.checks.echo(job(), lambda _db, _done: None)
        with pytest.raises(DeviceUnavailable, match="No microphone"):
            app.cloner.record(job(), lambda _now: None, lambda: False)
    finally:
        app.close()
