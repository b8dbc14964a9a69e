"""Showing something: pasted and dropped pictures, dropped documents, the camera and its light."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_session import FakeSession
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QMenu

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.events import LookingChanged
from avatar_app.core.prompt import PicturePart
from avatar_app.system.open_windows import OpenWindow
from avatar_app.ui.window.main_window import MainWindow
from avatar_app.ui.window.showing import LONGEST_TITLE

COPY, LEFT, NONE = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0)
Opened = tuple[MainWindow, FakeSession]


def shown(window: MainWindow) -> str:
    return window.stage.notices.accessibleDescription()


def test_a_picture_in_the_clipboard_is_pasted(qtbot, window_and_session: Opened) -> None:
    window, session = window_and_session
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    QGuiApplication.clipboard().setImage(image)
    qtbot.keyClick(window.composer.field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(session.asked("show")))
    ((picture,),) = session.asked("show")
    assert isinstance(picture, PicturePart)
    assert picture.content.startswith(b"\xff\xd8")
    qtbot.waitUntil(lambda: "goes with what you say next" in shown(window))


def test_text_is_pasted_as_ever(qtbot, window_and_session: Opened) -> None:
    window, session = window_and_session
    QGuiApplication.clipboard().setText("hello")
    qtbot.keyClick(window.composer.field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert window.composer.field.text() == "hello"
    assert session.asked("show") == []


def test_words_are_pasted_although_a_picture_comes_with_them(
    qtbot, window_and_session: Opened
) -> None:
    """As from a table, which offers its cells as both."""
    window, session = window_and_session
    both = QMimeData()
    both.setText("12 eggs")
    both.setImageData(QImage(40, 30, QImage.Format.Format_RGB32))
    QGuiApplication.clipboard().setMimeData(both)
    qtbot.keyClick(window.composer.field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert window.composer.field.text() == "12 eggs"
    assert session.asked("show") == []


def test_typing_leaves_the_clipboard_alone(
    qtbot, window_and_session: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program that owns it may take seconds to hand a picture over."""
    window, _ = window_and_session
    asked: list[str] = []
    monkeypatch.setattr(QGuiApplication, "clipboard", lambda: asked.append("the clipboard"))
    qtbot.keyClicks(window.composer.field, "hello")
    assert window.composer.field.text() == "hello"
    assert asked == []


@pytest.mark.parametrize(
    ("name", "sentence"), [("a.png", "goes with what you say"), ("b.md", "I have read b.md")]
)
def test_a_file_dropped_on_the_bar_is_shown(
    qtbot, window_and_session: Opened, tmp_path: Path, name: str, sentence: str
) -> None:
    window, session = window_and_session
    dragged = QMimeData()
    dragged.setUrls([QUrl.fromLocalFile(str(tmp_path / name))])
    entering = QDragEnterEvent(QPoint(9, 9), COPY, dragged, LEFT, NONE)
    window.composer.dragEnterEvent(entering)
    assert entering.isAccepted()
    window.composer.dropEvent(QDropEvent(QPointF(9, 9), COPY, dragged, LEFT, NONE))
    qtbot.waitUntil(lambda: session.asked("show_file") == [(tmp_path / name,)])
    qtbot.waitUntil(lambda: sentence in shown(window))


def choose(qtbot, window, title: str) -> None:
    """Press the button, and choose what is looked at."""
    menu = window.composer.look_button.parent().findChild(QMenu)
    qtbot.mouseClick(window.composer.look_button, LEFT)
    qtbot.waitUntil(menu.isVisible)
    action = next(each for each in menu.actions() if each.text() == title)
    menu.close()
    action.trigger()


def test_the_button_looks_and_a_light_shows_it(qtbot, window_and_session: Opened) -> None:
    window, session = window_and_session
    button = window.composer.look_button
    assert button.accessibleName() == "Let me look"
    choose(qtbot, window, "Through the camera")
    qtbot.waitUntil(lambda: session.asked("look") == [("camera",)])
    session.post(LookingChanged("camera", looking=True))
    qtbot.waitUntil(lambda: button.accessibleName() == "I am looking")
    session.post(LookingChanged("camera", looking=False))
    qtbot.wait(100)
    assert button.accessibleName() == "I am looking", "it stays long enough to be seen"
    qtbot.waitUntil(lambda: button.accessibleName() != "I am looking", timeout=20_000)


def test_the_light_stays_when_the_language_changes(qtbot, window_and_session: Opened) -> None:
    window, session = window_and_session
    button = window.composer.look_button
    session.post(LookingChanged("screen", looking=True))
    qtbot.waitUntil(lambda: button.accessibleName() == "I am looking")
    QApplication.sendEvent(window.composer, QEvent(QEvent.Type.LanguageChange))
    assert button.accessibleName() == "I am looking"


def test_a_camera_that_is_missing_is_a_sentence(qtbot, window_and_session: Opened) -> None:
    window, session = window_and_session
    session.error = DeviceUnavailable("The camera 0 gives no picture.", "Connect one.")
    choose(qtbot, window, "Through the camera")
    qtbot.waitUntil(lambda: "gives no picture" in shown(window))
    session.error = None


def offered(qtbot, window) -> list[str]:
    menu = window.composer.look_button.parent().findChild(QMenu)
    qtbot.mouseClick(window.composer.look_button, LEFT)
    qtbot.waitUntil(menu.isVisible)
    menu.close()
    return [each.text() for each in menu.actions() if each.text()]


def test_the_screen_and_single_windows_can_be_chosen(qtbot, window_and_session: Opened) -> None:
    window, session = window_and_session
    basic = ["Through the camera", "At the screen"]
    assert offered(qtbot, window) == basic
    session.open_windows = ()
    assert offered(qtbot, window) == [*basic, "At a window…"]
    session.open_windows = (OpenWindow(7, "Notes & more"), OpenWindow(9, "x" * 300))
    assert offered(qtbot, window) == [*basic, "Notes && more", "x" * LONGEST_TITLE]
    for title, at in (("At the screen", "screen"), ("Notes && more", "window:7")):
        choose(qtbot, window, title)
        qtbot.waitUntil(lambda at=at: session.asked("look")[-1:] == [(at,)])
