"""A monkey at the window: random clicks and keys, always the same ones, without an exception."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from fake_session import FakeSession
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QWidget

from avatar_app.core.events import (
    Announced,
    AudioLevels,
    ClauseWritten,
    Failed,
    Muted,
    Noticed,
    Outcome,
    State,
    StateChanged,
    TurnEnded,
    UserSaid,
    WaitFilled,
    WordsPlayed,
)
from avatar_app.ui.window.main_window import MainWindow

EVENTS = int(os.environ.get("AVATAR_RANDOM_EVENTS", "600"))
"""`make test-monkey` sets 5,000."""
SEED = int(os.environ.get("AVATAR_RANDOM_SEED", "1"))
NO_MODIFIER, CONTROL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
KEYS = (
    *(Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Escape),
    *(Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home),
    *(Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Delete, Qt.Key.Key_F2),
    *(Qt.Key.Key_F9, Qt.Key.Key_F11, Qt.Key.Key_A, Qt.Key.Key_5, Qt.Key.Key_Backspace),
)
WITH_CONTROL = (
    *(Qt.Key(Qt.Key.Key_1 + number) for number in range(9)),
    *(Qt.Key.Key_B, Qt.Key.Key_D, Qt.Key.Key_T, Qt.Key.Key_M, Qt.Key.Key_Comma, Qt.Key.Key_F),
    *(Qt.Key.Key_Z, Qt.Key.Key_Y, Qt.Key.Key_C, Qt.Key.Key_V),
)
"""Not Ctrl+Q, which ends it."""


class Monkey:
    """Does one thing after the other; `done` is what it did, for whoever must find out why."""

    def __init__(self, window: MainWindow, session: FakeSession, seed: int) -> None:
        self._window, self._session = window, session
        self._chance = random.Random(seed)
        self._turn = 1
        self.done: list[str] = []

    def act(self) -> None:
        ways = (self._press_key, self._press_shortcut, self._click, self._click_button, self._tell)
        self._chance.choices(ways, weights=(30, 12, 20, 25, 13))[0]()
        QApplication.processEvents()

    def _press_key(self) -> None:
        key = self._chance.choice(KEYS)
        target = QApplication.focusWidget() or self._window
        self.done.append(f"{key.name} on {_name(target)}")
        QTest.keyClick(target, key)

    def _press_shortcut(self) -> None:
        key = self._chance.choice(WITH_CONTROL)
        self.done.append(f"Ctrl+{key.name}")
        QTest.keyClick(QApplication.focusWidget() or self._window, key, CONTROL)

    def _click(self) -> None:
        at = QPoint(
            self._chance.randrange(self._window.width()),
            self._chance.randrange(self._window.height()),
        )
        target = self._window.childAt(at) or self._window
        self.done.append(f"click on {_name(target)}")
        button = self._chance.choice((Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton))
        QTest.mouseClick(target, button, NO_MODIFIER, target.mapFrom(self._window, at))

    def _click_button(self) -> None:
        buttons = [
            button
            for button in self._window.findChildren(QAbstractButton)
            if button.isVisible() and button.isEnabled()
        ]
        if buttons:
            button = self._chance.choice(buttons)
            self.done.append(f"button {_name(button)}")
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def _tell(self) -> None:
        """The session has something to say meanwhile."""
        self._turn += self._chance.random() < 0.3
        turn, text = self._turn, "one two three"
        event = self._chance.choice(
            (
                StateChanged(self._chance.choice(list(State))),
                AudioLevels(-20.0, 1.0, -20.0),
                Muted(muted=self._chance.random() < 0.5),
                UserSaid(turn, text),
                ClauseWritten(turn, text),
                WaitFilled(turn, "Let me think."),
                WordsPlayed(turn, "one two"),
                TurnEnded(turn, Outcome.FINISHED, text, text, text),
                Failed(None, "microphone", "It was unplugged.", "Plug it in."),
                Noticed("A timer is set."),
                Announced("Call mom."),
            )
        )
        self.done.append(f"{event}")
        self._session.post(event)


def _name(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.accessibleName() or widget.objectName()!r}"


@pytest.fixture
def nothing_outside(monkeypatch) -> Iterator[None]:
    """No folder, browser or dialog is opened, no program started, nothing connected to."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("refused")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: True)
    for name in ("getOpenFileName", "getSaveFileName", "getExistingDirectory"):
        monkeypatch.setattr(QFileDialog, name, lambda *_, **__: ("", ""))
    for name in ("open", "show"):
        monkeypatch.setattr(QFileDialog, name, lambda *_: None)
    monkeypatch.setattr(QFileDialog, "exec", lambda *_: 0)
    return


def test_random_clicks_and_keys_cause_no_error(opened, nothing_outside, capture_slots) -> None:
    history = tuple(TurnEnded(n, Outcome.FINISHED, "Hi", "Hello", "Hello") for n in range(5))
    window, session = opened(history, theme="dark")
    session.stored.begin()
    monkey = Monkey(window, session, SEED)
    for _ in range(EVENTS):
        monkey.act()
        assert capture_slots == [], monkey.done[-12:]
        if not window.isVisible():
            window.show()
    assert len(monkey.done) >= 0.9 * EVENTS
    window.modes.leave()


@pytest.fixture
def capture_slots(monkeypatch) -> list[str]:
    """Errors that Qt swallows, as they come."""
    errors: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, _: errors.append(f"{kind}: {error}"))
    return errors
