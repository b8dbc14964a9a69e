"""Journeys in the real application: its window on a real session, by keys and clicks alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from accessible_tree import problems
from event_recorder import EventRecorder
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from sessions import open_session

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.events import TurnEnded
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.app import prepared_application
from avatar_app.ui.pages.history import HistoryPage
from avatar_app.ui.pages.index import PAGES
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

LATEST = 120_000
"""Milliseconds within which the window shows what it must."""
CONTROL, LEFT = Qt.KeyboardModifier.ControlModifier, Qt.MouseButton.LeftButton
SETTINGS = {
    "face.options.width": 96,
    "face.options.height": 64,
    "face.options.fps": 10,
    "window.first_steps": "shown",
    "window.starter_offer": "never",
    "window.transcript": True,
    "window.language": "en",
}

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def window(recorder: EventRecorder, monkeypatch: pytest.MonkeyPatch, qtbot) -> Iterator[MainWindow]:
    """On a machine without sound: stand-ins pass the time."""

    def missing(*_: Any) -> Any:
        raise DeviceUnavailable("There is no device.", "Plug one in.")

    for name in ("known", "present", "open"):
        monkeypatch.setattr(f"avatar_app.audio.backend.AudioBackend.{name}", missing, raising=False)
    monkeypatch.setattr("avatar_app.session.app_session.list_devices", lambda: [])
    prepared_application()
    session = open_session(SETTINGS)
    session.subscribe(recorder)
    window = MainWindow(session, Theme(ThemeChoice.DARK))
    window.resize(1280, 720)
    window.show()
    window.start()
    qtbot.waitExposed(window)
    window.activateWindow()
    yield window
    window.close()
    QApplication.processEvents()
    window.deleteLater()


def test_every_page_opens_by_its_key_fills_and_can_be_announced(qtbot, window: MainWindow) -> None:
    window.composer.field.setFocus()
    for number, entry in enumerate(PAGES):
        window.pages.open(entry.id) if number > 9 else qtbot.keyClick(
            window, Qt.Key(Qt.Key.Key_0 + (number + 1) % 10), CONTROL
        )
        page = window.pages.shown
        assert page is not None
        assert page.accessibleName() == entry.title
        qtbot.waitUntil(lambda page=page: page.is_filled, timeout=LATEST)
        assert problems(window) == []
        assert page.toast.notice is None, page.toast.notice
    qtbot.keyClick(window, Qt.Key.Key_B, CONTROL)
    assert window.pages.shown is None
    assert window.composer.field.hasFocus()


def say(qtbot, window: MainWindow, recorder: EventRecorder, text: str) -> TurnEnded:
    qtbot.keyClicks(window.composer.field, text)
    qtbot.keyClick(window.composer.field, Qt.Key.Key_Return)
    lines = window.chat.model
    qtbot.waitUntil(lambda: ended(recorder, text) is not None, timeout=LATEST)
    turn = ended(recorder, text)
    assert turn is not None
    qtbot.waitUntil(lambda: lines.lines[-1].answer.text == turn.avatar_text, timeout=LATEST)
    return turn


def ended(recorder: EventRecorder, text: str) -> TurnEnded | None:
    return next((turn for turn in recorder.of(TurnEnded) if turn.user_text == text), None)


def test_a_conversation_is_had_corrected_found_deleted_and_brought_back(
    qtbot, window: MainWindow, recorder: EventRecorder
) -> None:
    say(qtbot, window, recorder, "What is two plus two?")
    chat = window.chat.list
    chat.setFocus()
    row = window.chat.model.correctable_row
    assert row is not None
    chat.setCurrentIndex(window.chat.model.index(row))
    qtbot.keyClick(chat, Qt.Key.Key_F2)
    qtbot.waitUntil(lambda: bool(chat.findChildren(QLineEdit)))
    (editor,) = chat.findChildren(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, "What is two plus three?")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    corrected = "What is two plus three?"
    qtbot.waitUntil(lambda: ended(recorder, corrected) is not None, timeout=LATEST)
    qtbot.waitUntil(
        lambda: corrected in [line.answer.text for line in window.chat.model.lines], timeout=LATEST
    )
    assert "What is two plus two?" not in [line.answer.text for line in window.chat.model.lines]
    find_and_delete(qtbot, window)


def find_and_delete(qtbot, window: MainWindow) -> None:
    """What was corrected stands in the history, and what was misheard does not."""
    qtbot.keyClick(window, Qt.Key.Key_3, CONTROL)
    page = window.pages.shown
    assert isinstance(page, HistoryPage)
    qtbot.keyClicks(page.search_field, "plus three")
    qtbot.waitUntil(lambda: page.list.summary is not None, timeout=LATEST)
    qtbot.waitUntil(lambda: page.reader.model.rowCount() > 0, timeout=LATEST)
    said = [line.answer.text for line in page.reader.model.lines]
    assert "What is two plus three?" in said
    assert "What is two plus two?" not in said
    qtbot.keyClick(page.search_field, Qt.Key.Key_Down)
    qtbot.keyClick(page.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: page.list.summary is None, timeout=LATEST)
    qtbot.waitUntil(page.toast.isVisible, timeout=LATEST)
    qtbot.mouseClick(page.toast.action_button, LEFT)
    qtbot.waitUntil(lambda: page.list.summary is not None, timeout=LATEST)
