"""Two processes change the user's settings: neither loses what the other has changed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from avatar_app.performance.apply import apply, undo
from avatar_app.settings.loading import load_settings
from avatar_app.settings.store import SettingsStore
from avatar_app.settings.user_file import save_user_setting
from avatar_app.system import file_lock
from avatar_app.system.file_lock import hold_folder

OTHER = """
import sys
from pathlib import Path
from avatar_app.settings.user_file import one_writer, with_setting, write_atomically

path = Path(sys.argv[1])
with one_writer(path):
    text = path.read_text()
    print("read", flush=True)
    sys.stdin.readline()
    write_atomically(path, with_setting(text, ("persona",), "theo"))
"""


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text("history: {days: 9}\n")
    return path


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when this process found the folder locked; it waits as long as it takes."""
    event, try_lock = threading.Event(), file_lock.try_lock

    def tried(descriptor: int) -> bool:
        if try_lock(descriptor):
            return True
        event.set()
        return False

    monkeypatch.setattr(file_lock, "PATIENCE", 3600.0)
    monkeypatch.setattr(file_lock, "try_lock", tried)
    return event


def by_window(path: Path) -> None:
    SettingsStore(path, environ={}).set("window.theme", "dark")


def by_command(path: Path) -> None:
    save_user_setting("window.theme", "dark", path)


@pytest.mark.parametrize("change", [by_window, by_command])
def test_a_change_waits_for_that_of_another_process(
    user_file: Path, waited: threading.Event, change: Callable[[Path], None]
) -> None:
    command = [sys.executable, "-c", OTHER, str(user_file)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "read\n"
        saving = threading.Thread(target=change, args=(user_file,))
        saving.start()
        while saving.is_alive() and not waited.wait(0.01):
            pass
        other.communicate("go on\n")
    saving.join()
    settings, _ = load_settings(user_file=user_file, environ={})
    assert (settings.persona, settings.window.theme) == ("theo", "dark")
    assert settings.history.days == 9
    assert [path.name for path in user_file.parent.iterdir()] == [user_file.name]


def test_another_program_that_hangs_keeps_no_change_from_the_disk(
    user_file: Path, monkeypatch: pytest.MonkeyPatch, expected_warnings: list[str]
) -> None:
    expected_warnings.append("keeps .* locked")
    monkeypatch.setattr(file_lock, "PATIENCE", 0.0)
    with hold_folder(user_file.parent):
        by_command(user_file)
    assert load_settings(user_file=user_file, environ={})[0].window.theme == "dark"


def test_settings_that_an_editor_wrote_as_utf_16_can_be_applied_and_undone(
    user_file: Path,
) -> None:
    user_file.write_text("persona: mira\n", "utf-16")
    apply((("window.theme", "dark"),), user_file)
    undo(user_file)
    settings, _ = load_settings(user_file=user_file, environ={})
    assert (settings.persona, settings.window.theme) == ("mira", "system")
