"""What a killed process left unfinished is deleted; what a running one writes is not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from avatar_app.system.leftovers import delete_leftovers, process_mark
from avatar_app.system.named_folders import new_folder

WEEK = 7 * 86_400


@pytest.fixture(scope="module")
def ended() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def unfinished(root: Path, names: Iterable[str]) -> None:
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "content").touch()


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_leftovers_of_ended_processes_are_deleted(tmp_path: Path, ended: int) -> None:
    mine = f".x{process_mark()}y"
    unfinished(tmp_path, [f".x.pid{ended}.y", mine])
    (tmp_path / f".film.pid{ended}.mp4").touch()
    delete_leftovers(tmp_path.iterdir())
    assert names(tmp_path) == [mine]
    assert (tmp_path / mine / "content").exists()


def test_unmarked_leftovers_are_deleted_when_they_are_old(tmp_path: Path) -> None:
    unfinished(tmp_path, [".old", ".young"])
    os.utime(tmp_path / ".old", (time.time() - 2 * WEEK,) * 2)
    delete_leftovers(tmp_path.iterdir())
    assert names(tmp_path) == [".young"]


def test_new_folder_deletes_what_was_never_finished_beside_it(tmp_path: Path, ended: int) -> None:
    unfinished(tmp_path, [f".pid{ended}.x.partial", ".hidden"])
    with new_folder(tmp_path / "first"), new_folder(tmp_path / "second"):
        assert len(names(tmp_path)) == 3, "the two that are being filled, and one that is another's"
    assert names(tmp_path) == [".hidden", "first", "second"]
