"""A real window on a session that only notes what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fake_session import FakeSession
from PySide6.QtWidgets import QApplication

from avatar_app.core.events import TurnEnded
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.app import prepared_application
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

Opener = Callable[..., tuple[MainWindow, FakeSession]]


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    return prepared_application()


@pytest.fixture
def opened(qtbot) -> Iterator[Opener]:
    """Call it to open a window; every window is closed after the test."""
    windows: list[MainWindow] = []

    def open_window(history: tuple[TurnEnded, ...] = (), **preferences: object):
        session = FakeSession(history, **preferences)
        window = MainWindow(session, Theme(ThemeChoice.DARK))
        windows.append(window)
        window.show()
        window.start()
        qtbot.waitUntil(lambda: bool(session.asked("transcript")))
        qtbot.waitExposed(window)
        window.activateWindow()
        window.composer.field.setFocus()
        qtbot.waitUntil(window.composer.field.hasFocus)
        return window, session

    yield open_window
    for window in windows:
        if not window.isHidden():
            window.close()
        window.deleteLater()


@pytest.fixture
def window_and_session(opened: Opener) -> tuple[MainWindow, FakeSession]:
    return opened()
