"""Push to talk while another program is in front: chosen in the settings, heard, refused."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from fake_session import REGISTRY, FakeSession
from PySide6.QtCore import Qt
from x_display import Keyboard, x_display

from avatar_app.ui.window.main_window import MainWindow

Opened = tuple[MainWindow, FakeSession]


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyboard]:
    with x_display(monkeypatch) as keyboard:
        monkeypatch.setattr(
            "avatar_app.ui.window.global_talk.QGuiApplication.platformName", lambda: "xcb"
        )
        yield keyboard


def choose(qtbot, window: MainWindow, key: str) -> None:
    """As a user does on the settings page."""
    window.pages.open("settings", "window.talk_key")
    qtbot.waitUntil(lambda: window.pages.shown.is_filled)
    box = window.pages.shown.form.rows["window.talk_key"].editor.control
    index = box.findData(key)
    assert index >= 0
    box.setCurrentIndex(index)
    box.activated.emit(index)


@pytest.mark.skipif(sys.platform != "linux", reason="X11")
def test_a_key_of_the_whole_desktop_talks(
    qtbot, keyboard: Keyboard, opened: Callable[..., Opened]
) -> None:
    window, session = opened(manifests=REGISTRY.all())
    choose(qtbot, window, "f8")
    talk = window.desktop.talk_key
    qtbot.waitUntil(lambda: talk._listener is not None)
    window.hide()
    keyboard.press("F8")
    qtbot.waitUntil(lambda: session.asked("hold") == [(True,)])
    keyboard.release("F8")
    qtbot.waitUntil(lambda: session.asked("hold") == [(True,), (False,)])
    window.show()
    session.settings.undo()
    qtbot.waitUntil(lambda: talk._listener is None)
    keyboard.press("F8")
    keyboard.release("F8")
    assert len(session.asked("hold")) == 2


def test_where_the_system_gives_no_keys_one_sentence_says_so(
    qtbot, opened: Callable[..., Opened]
) -> None:
    window, _ = opened(manifests=REGISTRY.all(), talk_key="pause")
    bar = window.stage.notices
    qtbot.waitUntil(bar.isVisible)
    assert bar.notice.message == "This system gives no keys to programs in the background."
    assert bar.notice.hint == "Hold Space in the window to talk."
    assert bar.action_button.text() == "Open the setting"
    qtbot.mouseClick(bar.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "window.talk_key" in window.pages.shown.form.rows)
