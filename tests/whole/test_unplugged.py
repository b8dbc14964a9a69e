"""The loudspeaker is unplugged while the avatar speaks: seen in the real window, on a real sound
server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from event_recorder import EventRecorder
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from sessions import open_session
from virtual_audio import VirtualAudio

from avatar_app.core.events import Outcome, TurnEnded, WordsPlayed
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.app import prepared_application
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

pytestmark = pytest.mark.device
STORY = "tell me a story"
LATEST = 120_000
"""Milliseconds after which what must come does not come any more."""


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


def test_an_answer_is_finished_though_its_loudspeaker_is_gone(
    window: MainWindow, recorder: EventRecorder, virtual_audio: VirtualAudio, qtbot
) -> None:
    window.show()
    window.start()
    qtbot.waitExposed(window)
    qtbot.waitUntil(lambda: bool(recorder.of(TurnEnded)), timeout=LATEST)  # the greeting
    window.composer.field.setFocus()
    qtbot.keyClicks(window.composer.field, STORY)
    qtbot.keyClick(window.composer.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: _words_of_story(recorder) >= 3, timeout=LATEST)
    virtual_audio.kill()
    bar = window.stage.notices
    qtbot.waitUntil(lambda: bar.notice is not None, timeout=LATEST)
    assert bar.notice.message.endswith("default is gone.")
    assert bar.isVisible()
    played = _words_of_story(recorder)
    qtbot.waitUntil(lambda: _words_of_story(recorder) > played, timeout=LATEST)
    qtbot.mouseClick(bar.action_button, Qt.MouseButton.LeftButton)
    assert window.pages.shown.accessibleName() == "Devices"
    qtbot.waitUntil(lambda: len(recorder.of(TurnEnded)) == 2, timeout=LATEST)
    story = recorder.of(TurnEnded)[1]
    assert (story.user_text, story.outcome) == (STORY, Outcome.FINISHED)
    assert story.heard_text == story.avatar_text
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.keyClicks(window.composer.field, "what is two plus two")
    qtbot.keyClick(window.composer.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(recorder.of(TurnEnded)) == 3, timeout=LATEST)
    assert recorder.of(TurnEnded)[2].outcome is Outcome.FINISHED


def _words_of_story(recorder: EventRecorder) -> int:
    """How many words of the answer have been heard."""
    played = recorder.of(WordsPlayed)
    ended = len(recorder.of(TurnEnded))
    return len(played[-1].text.split()) if played and ended < 2 and _is_story(recorder) else 0


def _is_story(recorder: EventRecorder) -> bool:
    greeting = recorder.of(TurnEnded)[0]
    return bool(recorder.of(WordsPlayed)[-1].turn_id != greeting.turn_id)
