"""`avatar-app run` as a person starts it, in processes of its own: once, and once more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from avatar_app.system.instance_channel import OpenRequest
from avatar_app.system.single_instance import LOCK, PrimaryInstance, claim_instance

AVATAR = Path(__file__).parents[1] / "data/data-972e2c0/eileen.avatar"
LONG = 120.0
"""Seconds for what must succeed, however busy the machine is."""
LIGHT = ("--set", "face.options.width=96", "--set", "network.allowed=none")
"""A small picture; and the system itself refuses all but Unix sockets."""
OFFSCREEN = "This plugin does not support raise()"
"""What Qt's platform without a screen prints when a window is raised."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends the window by a signal")


def command(folder: Path, *words: object) -> list[str]:
    return [
        *(sys.executable, "-m", "avatar_app", "run", "--data-dir", str(folder)),
        *map(str, words),
    ]


def environment() -> dict[str, str]:
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen", "COLUMNS": "200"}


def start_again(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *words),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def wait_until(happened: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(LONG / 0.05)):
        if happened():
            return
        pause.wait(0.05)
    raise AssertionError("it did not happen")


@pytest.fixture
def first(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A window with its data in tmp_path/data."""
    folder = tmp_path / "data"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(
        command(folder, *LIGHT), env=environment(), text=True, **pipes
    ) as process:
        wait_until((folder / LOCK).exists)
        yield process
        process.kill()


def test_a_second_start_opens_its_avatar_in_the_first_window(
    tmp_path: Path, first: subprocess.Popen[str]
) -> None:
    folder = tmp_path / "data"
    second = start_again(folder, AVATAR)
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout.strip().endswith("and opens eileen.avatar.")
    settings = folder / "config.yaml"
    wait_until(lambda: settings.exists() and "eileen" in settings.read_text())
    assert (folder / "avatars/eileen/avatar.json").exists()
    third = start_again(folder)
    assert third.stdout == "Avatar runs already: its window comes to the front.\n"
    first.send_signal(signal.SIGINT)
    output, errors = first.communicate(timeout=LONG)
    assert (first.returncode, output) == (0, "")
    assert [line for line in errors.splitlines() if line != OFFSCREEN] == []
    instance = claim_instance(folder, OpenRequest(), LONG)
    assert isinstance(instance, PrimaryInstance)
    instance.close()


def test_settings_of_a_second_start_are_not_silently_lost(tmp_path: Path) -> None:
    with started_here(tmp_path):
        second = start_again(tmp_path, *LIGHT)
    assert second.returncode == 0
    assert second.stdout == "Avatar is starting already: its window appears in a moment.\n"
    assert "--set changes nothing there" in second.stderr


def test_a_path_is_passed_on_as_an_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(AVATAR.parent)
    with started_here(tmp_path) as instance:
        assert start_again(tmp_path, AVATAR.name).returncode == 0
        assert instance.receive(lambda _: None) == (OpenRequest(AVATAR),)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["missing.avatar"], "The file missing.avatar does not exist."),
        (["--data-dir", __file__], "is not a folder."),
    ],
)
def test_wrong_paths_are_reported(tmp_path: Path, words: list[str], sentence: str) -> None:
    failed = start_again(tmp_path / "data", *words)
    assert failed.returncode == 1
    assert sentence in failed.stderr
    assert len(failed.stderr.splitlines()) == 2
    assert not (tmp_path / "data").exists()


def test_without_a_display_a_file_is_not_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    failed = subprocess.run(
        command(tmp_path, AVATAR),
        env={name: value for name, value in environment().items() if name != "QT_QPA_PLATFORM"},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert failed.returncode == 1
    assert f"avatar-app avatars add {AVATAR}" in failed.stderr.replace("\n", "")


def started_here(folder: Path) -> PrimaryInstance:
    """This process as the instance that has no window yet."""
    instance = claim_instance(folder, OpenRequest(), LONG)
    assert isinstance(instance, PrimaryInstance)
    return instance
