"""The whole application on a real sound server: a recording goes into the microphone, the answer
comes out of the loudspeaker, in a real window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from event_recorder import EventRecorder
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from sessions import open_session
from virtual_audio import VirtualAudio, likeness

from avatar_app.core.events import (
    Failed,
    Outcome,
    TurnEnded,
    WordsPlayed,
)
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk
from avatar_app.engines.tts.espeak.engine import EspeakVoice
from avatar_app.media.resample import resampled
from avatar_app.media.sound_reader import read_sound
from avatar_app.pipeline.output.clauses import split_clauses
from avatar_app.session.app_session import AppSession
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.app import prepared_application
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

pytestmark = pytest.mark.device
DATA = Path(__file__).parents[1] / "data"
PART = 4000
"""Samples: a quarter of a second; a machine that is busy may lose a block of sound now and then."""
LATEST = 120_000
"""Milliseconds after which what must come does not come any more."""


Open = Callable[..., AppSession]


@pytest.fixture
def opened(virtual_audio: VirtualAudio, recorder: EventRecorder) -> Iterator[Open]:
    """Opens the application with settings of the test, and closes it, whatever happens."""
    with ExitStack() as stack:

        def open_and_greet(**overrides: object) -> AppSession:
            named = {name.replace("__", "."): value for name, value in overrides.items()}
            session = open_session(named)
            stack.callback(session.close)
            session.subscribe(recorder)
            session.start()
            assert session.wait_open(), recorder.events
            recorder.wait_for_end("")  # the greeting
            return session

        yield open_and_greet


def expected_speech(text: str, rate: int) -> np.ndarray:
    """What the built-in voice says for `text`, clause by clause."""
    voice = EspeakVoice()
    chunks = [
        chunk.audio for clause in split_clauses([text]) for chunk in voice.speak(clause, Turn(0))
    ]
    whole = AudioChunk(np.concatenate([chunk.samples for chunk in chunks]), chunks[0].rate)
    return resampled(whole, rate).samples


def test_a_spoken_question_is_answered_aloud(
    opened: Open, recorder: EventRecorder, virtual_audio: VirtualAudio
) -> None:
    opened()
    question = read_sound(DATA / "goforward.wav")
    with virtual_audio.recording(16_000) as recording:
        virtual_audio.speak(question.samples, question.rate)
        turn = recorder.wait(TurnEnded, lambda turn: turn.user_text and not turn.typed)
    assert turn.outcome is Outcome.FINISHED
    assert turn.heard_text == turn.avatar_text != ""
    answer = expected_speech(turn.avatar_text, 16_000)
    parts = [answer[start : start + PART] for start in range(0, len(answer) - PART + 1, PART)]
    assert max(likeness(part, recording.samples) for part in parts if part.any()) > 0.85
    assert turn.marks["user_stopped"] < turn.marks["first_sound"]
    assert turn.pictures.shown == 0  # nobody looked
    assert not recorder.of(Failed)


def test_speaking_over_the_answer_stops_it(
    opened: Open, recorder: EventRecorder, virtual_audio: VirtualAudio
) -> None:
    session = opened(tts__options__speed=0.5)  # so that the story takes its time
    session.type("tell me a story")
    recorder.wait(WordsPlayed, lambda played: "clock" in played.text or len(played.text) > 20)
    question = read_sound(DATA / "goforward.wav")
    while not (stories := [turn for turn in recorder.of(TurnEnded) if turn.typed]):
        virtual_audio.speak(question.samples, question.rate)
    story = stories[0]
    assert story.user_text == "tell me a story"
    assert story.outcome is Outcome.INTERRUPTED
    assert story.heard_text
    assert story.avatar_text.startswith(story.heard_text)
    assert len(story.heard_text) < len(story.avatar_text)
    stored = {turn.user_text: turn for turn in session.transcript(10)}
    assert stored[story.user_text].heard_text == story.heard_text


@pytest.fixture
def window(virtual_audio: VirtualAudio, recorder: EventRecorder) -> Iterator[MainWindow]:
    prepared_application()
    session = open_session()
    session.subscribe(recorder)
    window = MainWindow(session, Theme(ThemeChoice.DARK))
    yield window
    window.close()
    QApplication.processEvents()
    window.deleteLater()
    assert session.frame() is None


def test_typing_in_the_window_is_answered_with_voice_and_pictures(
    window: MainWindow, recorder: EventRecorder, qtbot
) -> None:
    window.show()
    window.start()
    qtbot.waitExposed(window)
    qtbot.waitUntil(lambda: bool(recorder.of(TurnEnded)), timeout=LATEST)
    window.composer.field.setFocus()
    QTest.keyClicks(window.composer.field, "what is two plus two")
    QTest.keyClick(window.composer.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(recorder.of(TurnEnded)) == 2, timeout=LATEST)
    turn = recorder.of(TurnEnded)[1]
    assert isinstance(turn, TurnEnded)
    assert turn.typed
    assert "four" in turn.heard_text or "4" in turn.heard_text
    assert turn.pictures.shown > 0  # how many, and how late, says `bench skew`
