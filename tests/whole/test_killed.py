"""Settings, history and the window's state survive kill -9 in the middle of writing them."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from PySide6.QtWidgets import QWidget

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.history import History
from avatar_app.system.paths import app_paths
from avatar_app.ui.qt.work import Work
from avatar_app.ui.window.preferences import WindowPreferences

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

STOPPING = """
import os, sqlite3, sys
from pathlib import Path

point = sys.argv[1]

def wait():
    print("here", flush=True)
    sys.stdin.read()

def stop_at(owner, name, before, left):
    known, counter = getattr(owner, name), [left]
    def stopping(*given, **named):
        counter[0] -= 1
        if before and counter[0] == 0:
            wait()
        result = known(*given, **named)
        if not before and counter[0] == 0:
            wait()
        return result
    setattr(owner, name, stopping)

def done(what):
    print("done", what, flush=True)
"""
SETTINGS = (
    STOPPING
    + """
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths

points = {
    "before the bytes": (Path, "write_text", True, 4),
    "before they are on the disk": (os, "fsync", True, 4),
    "before the file is replaced": (Path, "replace", True, 4),
    "after it was replaced": (Path, "replace", False, 4),
}
if point in points:
    stop_at(*points[point])
store = SettingsStore(app_paths().settings_file, {})
for number in range(1, 100_000):
    store.change({"history.days": number, "persona": f"persona-{number}"})
    done(number)
"""
)
HISTORY = (
    STOPPING
    + """
from datetime import UTC, datetime
from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.storage import history_file
from avatar_app.storage.history import History
from avatar_app.system.paths import app_paths

history = History(app_paths().history_file)
if point == "before the commit":
    stop_at(History, "_insert", False, 4)
if point == "in the middle of the insert":
    insert = History._current
    stop_at(History, "_current", False, 4)
if point == "while it forgets":
    stop_at(history_file.HistoryFile, "_empty_log", True, 1)
for number in range(1, 100_000):
    words = f"What is number {number}?"
    answer = "It is a number. " * 40
    turn = TurnEnded(number, Outcome.FINISHED, words, answer, answer)
    history.add(turn, datetime.now(UTC))
    done(number)
    if point == "while it forgets" and number == 3:
        history.forget()
"""
)
WINDOW = (
    STOPPING
    + """
from PySide6.QtWidgets import QApplication, QWidget
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths
from avatar_app.ui.window.preferences import WindowPreferences

application = QApplication([])
store = SettingsStore(app_paths().settings_file, {})

class AtOnce:
    def run(self, job):
        job()
        return self

    def then(self, show):
        show(None)


preferences = WindowPreferences(store, AtOnce(), lambda call: call(), lambda: None)
if point == "before the file is replaced":
    stop_at(Path, "replace", True, 6)
window = QWidget()
window.show()
for number in range(1, 100_000):
    window.resize(300 + number % 200, 200)
    application.processEvents()
    preferences.note_geometry(window, compact=False)
    preferences.note("window.page", f"page-{number}")
    done(number)
"""
)
RUNNING = "while it writes on and on"
LINES = 25
"""Reported before the blow, where it comes at any moment."""


@contextmanager
def running(script: str, point: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, point]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def killed(script: str, point: str) -> int:
    """Kill it at that point; returns the number of the last thing that it reported as done."""
    last = 0
    with running(script, point) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "here\n":
                break
            last = int(line.split()[1])
            if point == RUNNING and last >= LINES:
                break
        else:
            pytest.fail("it ended by itself")
    rest = process.stdout.read() if not process.stdout.closed else ""
    return max([last, *(int(line.split()[1]) for line in rest.splitlines() if " " in line)])


@pytest.mark.parametrize(
    "point",
    [
        "before the bytes",
        "before they are on the disk",
        "before the file is replaced",
        "after it was replaced",
        RUNNING,
    ],
)
def test_settings_are_the_old_ones_or_the_new_ones(point: str) -> None:
    paths = app_paths()
    paths.settings_file.parent.mkdir(parents=True, exist_ok=True)
    paths.settings_file.write_text("# mine\nwindow:\n  theme: dark\n", encoding="utf-8")
    last = killed(SETTINGS, point)
    assert last >= 3
    store = SettingsStore(paths.settings_file, {})
    assert store.notices == ()
    days = store.get("history.days")
    assert days >= last, "what was reported as done is lost"
    if point != RUNNING:
        assert days in (last, last + 1)
    assert store.get("persona") == f"persona-{days}", "one of two that belong together"
    assert store.get("window.theme") == "dark"
    store.set("history.days", 7)
    text = paths.settings_file.read_text(encoding="utf-8")
    assert text.startswith("# mine\n")
    assert "days: 7" in text
    left = [path.name for path in paths.config.iterdir() if path.name.endswith(".part")]
    assert left == [], "unfinished files stay for ever"


@pytest.mark.parametrize("point", ["in the middle of the insert", "before the commit", RUNNING])
def test_every_turn_that_was_stored_is_there(point: str) -> None:
    last = killed(HISTORY, point)
    assert last >= 3
    path = app_paths().history_file
    notices: list[object] = []
    with closing(History(path, notices.append)) as history:
        turns = history.recent(100_000)
        numbers = [turn.turn_id for turn in turns]
        assert numbers[:last] == list(range(1, last + 1))
        assert numbers == list(range(1, len(numbers) + 1)), "half a turn"
        (found,) = history.conversations.search(f"number {last}")
        assert found
        turn = TurnEnded(1, Outcome.FINISHED, "Hello again", "Hello", "Hello")
        history.add(turn, datetime.now(UTC))
        assert history.recent(1)[0].user_text == "Hello again"
    assert notices == []
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_was_to_be_forgotten_is_not_half_there() -> None:
    killed(HISTORY, "while it forgets")
    with closing(History(app_paths().history_file)) as history:
        assert history.recent(10) == ()
        assert not history.in_memory


@pytest.mark.parametrize("point", ["before the file is replaced", RUNNING])
def test_the_window_opens_as_it_was(qtbot, point: str) -> None:
    last = killed(WINDOW, point)
    store = SettingsStore(app_paths().settings_file, {})
    work = Work(SimpleNamespace(post=lambda call: call()), pytest.fail)
    preferences = WindowPreferences(store, work, lambda call: call(), lambda: None)
    window = QWidget()
    qtbot.addWidget(window)
    assert preferences.restore_geometry(window, compact=False)
    page = int(str(store.get("window.page")).removeprefix("page-"))
    assert page in (last, last + 1) or point == RUNNING
    assert page >= last
    assert window.width() in (300 + page % 200, 300 + (page + 1) % 200)
    preferences.stop()
    work.close()
