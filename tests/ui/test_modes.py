"""The modes of the window, the tray, notifications, and what is still known after a kill."""

from __future__ import annotations

from itertools import pairwise

import pytest
from fake_session import FakeSession
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from avatar_app.core.events import Announced, ClauseWritten, Muted, State, StateChanged
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window import desktop_presence as presence
from avatar_app.ui.window import modes
from avatar_app.ui.window.main_window import MainWindow
from avatar_app.ui.window.modes import COMPACT_SMALLEST, SMALLEST, WindowMode

LEFT = Qt.MouseButton.LeftButton
USUAL = (760, 600)
"""Smaller than the screen of the tests, into which a window is made to fit."""
ON_TOP = Qt.WindowType.WindowStaysOnTopHint


def seen(window) -> list[str]:
    """Names of the buttons on show."""
    stage, composer = window.stage, window.composer
    buttons = {
        "theme": stage.theme_button,
        "talk": composer.talk_button,
        "mute": composer.mute_button,
        "stop": composer.stop_button,
        "send": composer.send_button,
        "expand": composer.expand_button,
    }
    return [name for name, button in buttons.items() if button.isVisible()]


def test_compact_window_is_small_on_top_and_has_few_controls(qtbot, window_and_session):
    window, session = window_and_session
    window.resize(*USUAL)
    usual = window.size()
    qtbot.keyClick(window, Qt.Key.Key_F9)
    assert window.modes.mode is WindowMode.COMPACT
    assert window.windowFlags() & ON_TOP
    assert window.isVisible()
    assert (window.width(), window.height()) < (400, 500)
    assert seen(window) == ["talk", "mute", "stop", "expand"]
    assert not window.chat.isVisible()
    session.post(ClauseWritten(1, "One two"), Muted(muted=True))
    qtbot.waitUntil(lambda: window.stage.captions.caption.text == "One two")
    qtbot.waitUntil(window.composer.mute_button.isChecked)
    window.resize(*COMPACT_SMALLEST)
    qtbot.mouseClick(window.composer.expand_button, LEFT)
    assert window.modes.mode is WindowMode.NORMAL
    assert not window.windowFlags() & ON_TOP
    assert window.size() == usual
    assert window.chat.isVisible()
    assert seen(window) == ["theme", "talk", "mute", "stop", "send"]
    window.modes.toggle_compact()
    assert (window.width(), window.height()) == COMPACT_SMALLEST, "its own size is remembered"


def test_opening_a_page_leaves_compact_mode(qtbot, window_and_session):
    window, _ = window_and_session
    window.modes.toggle_compact()
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.modes.mode is WindowMode.NORMAL
    assert window.pages.shown is not None
    assert window.width() >= SMALLEST[0]
    window.modes.toggle_compact()
    assert window.pages.shown is None


def test_face_fills_the_screen_until_escape(qtbot, window_and_session):
    window, session = window_and_session
    window.resize(*USUAL)
    usual = window.size()
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    assert seen(window) == []
    qtbot.waitUntil(lambda: window.stage.width() == window.width())
    assert not window.composer.isVisible()
    assert window.stage.captions.isVisible()
    session.post(StateChanged(State.SPEAKING))
    qtbot.waitUntil(window.composer.stop_button.isEnabled)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert session.asked("interrupt") == [()]
    assert window.isFullScreen()
    session.post(StateChanged(State.IDLE))
    qtbot.waitUntil(lambda: not window.composer.stop_button.isEnabled())
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert window.composer.isVisible()
    assert window.size() == usual


def test_window_fits_a_small_screen_that_shows_everything_twice_as_large(
    qtbot, opened, monkeypatch
):
    monkeypatch.setattr(modes, "room_of", lambda _window: QSize(640, 332))
    window, _ = opened(transcript=False, first_steps="new")
    assert (window.width(), window.height()) == (640, 332)
    shown = (window.stage, window.first_steps.bar, window.composer)
    for part in shown:
        assert window.rect().contains(part.geometry())
    assert window.stage.pages_button.isVisible()
    for above, below in pairwise(shown):
        assert above.geometry().bottom() < below.geometry().top()


def test_push_to_talk_works_in_every_window_mode(qtbot, window_and_session):
    window, session = window_and_session
    for change in (window.modes.toggle_compact, window.modes.toggle_face):
        change()
        before = len(session.asked("hold"))
        qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Space)
        assert session.asked("hold")[before:] == [(True,), (False,)]


def test_window_size_and_mode_are_saved_without_closing(qtbot, window_and_session):
    """As after a kill: the first window is not closed before the second opens."""
    window, session = window_and_session
    window.resize(*USUAL)
    qtbot.waitUntil(lambda: session.settings.get("window.geometry") is not None)
    window.modes.toggle_compact()
    window.resize(300, 360)
    window.modes.save()
    window.pages.open("history")
    window.modes.toggle_compact()
    qtbot.waitUntil(lambda: session.settings.get("window.page") == "history")
    qtbot.waitUntil(lambda: session.settings.get("window.mode") == "compact")
    other = FakeSession()
    again = MainWindow(other, Theme())
    assert again.modes.mode is WindowMode.COMPACT
    assert (again.width(), again.height()) == (300, 360)
    again.modes.leave()
    assert (again.width(), again.height()) == USUAL
    again.close()


@pytest.fixture
def tray(monkeypatch) -> list[tuple[str, str]]:
    """A desktop with a tray; its notifications."""
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    monkeypatch.setattr(QSystemTrayIcon, "showMessage", lambda _, *said: told.append(said[:2]))
    return told


def test_closing_hides_to_the_tray_whose_menu_shows_mutes_and_quits(tray, qtbot, opened):
    window, session = opened(close_to_tray=True)
    window.close()
    assert not window.isVisible()
    assert session.asked("close") == []
    assert tray[0][0] == "Avatar is still here"
    desktop = window.desktop
    desktop.tray.show_action.trigger()
    assert window.isVisible()
    desktop.tray.mute_action.trigger()
    assert session.asked("mute") == [(True,)]
    assert not desktop.tray.mute_action.isChecked()
    session.post(Muted(muted=True))
    qtbot.waitUntil(desktop.tray.mute_action.isChecked)
    window.close()
    assert len(tray) == 1, "it is explained once"
    desktop.tray.quit_action.trigger()
    assert session.asked("close") == [()]


def test_ctrl_q_quits_and_closing_quits_without_a_tray(tray, monkeypatch, qtbot, opened):
    window, session = opened(close_to_tray=True)
    qtbot.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert session.asked("close") == [()]
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: False)
    other, session = opened(close_to_tray=True)
    other.close()
    assert session.asked("close") == [()]


def test_reminder_is_a_desktop_notification_only_while_the_window_is_hidden(tray, qtbot, opened):
    window, session = opened()
    session.post(Announced("Call mom."), Muted(muted=True))
    qtbot.waitUntil(window.composer.mute_button.isChecked)
    assert tray == []
    window.hide()
    session.post(Announced("Call mom."))
    qtbot.waitUntil(lambda: tray == [("Avatar", "Call mom.")])
    session.settings.set("window.notifications", value=False)
    session.post(Announced("Call dad."), Muted(muted=False))
    qtbot.waitUntil(lambda: not window.composer.mute_button.isChecked())
    assert len(tray) == 1
    window.show()


def test_notifications_use_notify_send_without_a_tray(monkeypatch, qtbot, opened):
    started: list[list[str]] = []
    monkeypatch.setattr(presence.shutil, "which", lambda name: f"/usr/bin/{name}")
    run = staticmethod(lambda program, said: started.append([program, *said]))
    monkeypatch.setattr(presence.QProcess, "startDetached", run)
    window, session = opened()
    window.hide()
    session.post(Announced("Call mom."))
    qtbot.waitUntil(lambda: bool(started))
    assert started[0][0] == "/usr/bin/notify-send"
    assert started[0][-1] == "Call mom."
    window.show()
