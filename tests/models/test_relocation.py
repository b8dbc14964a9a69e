"""The models' folder moves: whole, verified, and back; a full disk or kill -9 loses nothing."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.jobs import Job, JobCancelled, Progress
from avatar_app.models import relocation
from avatar_app.models.errors import DiskFailed
from avatar_app.models.relocation import SUBFOLDER, finish_move, move_models, place_for
from avatar_app.models.store import BLOCK, Store
from avatar_app.system import exchange
from avatar_app.system.paths import app_paths

FILES = {
    "whisper-base/model.bin": os.urandom(300_000),
    "whisper-base/record.json": b"{}",
    "voice/deep/er/voice.onnx": os.urandom(20_000),
    "catalog.yaml": b"models: []",
}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def move(target: Path) -> Path:
    store = Store.of(app_paths())
    return Job("Moving", lambda job: move_models(job, store, target)).run()


@pytest.fixture
def root() -> Path:
    """The usual place, with models in it."""
    root = app_paths().models
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "whisper-base.lock").touch()
    return root


def left_behind(root: Path) -> list[str]:
    """What lies beside the models and is not the lock."""
    beside = {path.name for path in root.parent.iterdir()}
    return sorted(beside - {"models", "models-move.lock"})


def test_every_path_stays_what_it_was(root: Path, tmp_path: Path) -> None:
    with (root / "whisper-base/model.bin").open("rb") as in_use:
        move(tmp_path / "disk")
        assert in_use.read() == FILES["whisper-base/model.bin"], "an engine goes on reading"
    assert contents(root) == FILES
    assert contents(tmp_path / "disk") == FILES
    assert relocation.place_of_models(root) == tmp_path / "disk"
    assert left_behind(root) == []


def test_from_disk_to_disk_and_back_home(root: Path, tmp_path: Path) -> None:
    move(tmp_path / "one")
    (tmp_path / "one" / "letter.txt").write_text("the user's own")
    (root / "letter.txt").rename(tmp_path / "letter.txt")
    move(tmp_path / "two")
    assert contents(root) == contents(tmp_path / "two") == FILES
    assert not (tmp_path / "one").exists()
    move(root)
    assert not root.is_symlink()
    assert contents(root) == FILES
    assert not (tmp_path / "two").exists()
    assert left_behind(root) == []


def test_links_that_the_user_made_mean_what_they_meant(root: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "own.gguf").write_bytes(b"GGUF")
    (root / "own").symlink_to(mine, target_is_directory=True)
    move(tmp_path / "disk")
    assert (root / "own" / "own.gguf").read_bytes() == b"GGUF"
    move(root)
    assert (root / "own" / "own.gguf").read_bytes() == b"GGUF"
    assert (mine / "own.gguf").exists()


@pytest.mark.parametrize("place", ["models", "models/inside", "."])
def test_it_does_not_move_into_itself(root: Path, place: str) -> None:
    with pytest.raises(InputInvalid):
        move(root.parent / place)
    assert contents(root) == FILES


def test_a_folder_with_other_things_gets_one_of_its_own(root: Path, tmp_path: Path) -> None:
    (tmp_path / "holiday.png").touch()
    with pytest.raises(InputInvalid, match="not an empty folder"):
        move(tmp_path)
    target = place_for(tmp_path)
    assert target == tmp_path / SUBFOLDER
    move(target)
    assert contents(root) == FILES
    assert (tmp_path / "holiday.png").exists()


def test_nothing_moves_while_a_model_is_changed(root: Path, tmp_path: Path) -> None:
    with (
        relocation.hold_lock(root / "whisper-base.lock", "Whisper base"),
        pytest.raises(ConfigInvalid, match="already being downloaded"),
    ):
        move(tmp_path / "disk")
    assert contents(root) == FILES


class _FullFile:
    """A file on a disk that is full after some bytes."""

    room = 250_000

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, block: bytes) -> int:
        if len(block) > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(block)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _FullFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def test_a_disk_that_fills_up_leaves_all_as_it_was(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def open_full(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        file = opened(path, mode, *rest, **named)
        return _FullFile(file) if mode == "wb" and "disk" in path.parts else file

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(DiskFailed, match="The disk is full"):
        move(tmp_path / "disk")
    monkeypatch.undo()
    monkeypatch.setenv("AVATAR_DATA_DIR", str(root.parent))
    assert contents(root) == FILES
    assert not root.is_symlink()
    assert not (tmp_path / "disk").exists()
    assert left_behind(root) == []
    move(tmp_path / "disk")
    assert contents(root) == FILES


def test_too_little_room_is_said_before_anything_is_copied(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 100_000})
    monkeypatch.setattr("avatar_app.models.store.shutil.disk_usage", lambda _path: usage)
    with pytest.raises(DiskFailed, match="needs 320 kB more on the disk"):
        move(tmp_path / "disk")
    assert not (tmp_path / "disk").exists()


def test_bytes_that_do_not_come_back_are_noticed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad(path: Path, *_: Any) -> str:
        return "0" * 64

    monkeypatch.setattr("avatar_app.models.relocation.hash_file", bad)
    with pytest.raises(DiskFailed, match="is not what was written"):
        move(tmp_path / "disk")
    assert contents(root) == FILES
    assert not (tmp_path / "disk").exists()


def test_a_cancelled_move_leaves_no_copies(root: Path, tmp_path: Path) -> None:
    job: Job[Path] = Job("", lambda job: move_models(job, Store.of(app_paths()), tmp_path / "disk"))

    def stop(now: Progress) -> None:
        if now.fraction > 0.3:
            job.cancel()

    job.when_progressed(stop)
    with pytest.raises(JobCancelled):
        job.run()
    assert contents(root) == FILES
    assert not (tmp_path / "disk").exists()
    assert left_behind(root) == []


def test_what_is_written_just_before_the_switch_comes_along(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(one: Path, other: Path) -> None:
        (root / "late.json").write_bytes(b"late")
        exchange.exchange(one, other)

    monkeypatch.setattr("avatar_app.models.relocation.exchange", late)
    move(tmp_path / "disk")
    assert contents(tmp_path / "disk") == FILES | {"late.json": b"late"}


KILLED = """
import sys
from pathlib import Path
from avatar_app.core.jobs import Job
from avatar_app.models import relocation
from avatar_app.models.store import Store
from avatar_app.system import exchange
from avatar_app.system.paths import app_paths

point, target = sys.argv[1], Path(sys.argv[2])

def wait():
    print("now", flush=True)
    sys.stdin.read()

def stop_at(owner, name, before=True):
    known = getattr(owner, name)
    def stopping(*given, **named):
        if before:
            wait()
        result = known(*given, **named)
        wait()
        return result
    setattr(owner, name, stopping)

def watch(progress):
    if point.startswith("at ") and progress.fraction >= float(point[3:]):
        wait()

if point == "before the switch":
    stop_at(relocation, "exchange")
if point == "after the switch":
    stop_at(relocation, "exchange", before=False)
if point in ("between renames", "after two renames"):
    exchange._exchanged = lambda *_: False
    rename, left = Path.rename, [1 if point == "between renames" else 2]
    def slow(path, target):
        result = rename(path, target)
        if path.name.startswith("models") and "part" not in path.name:
            left[0] -= 1
            if not left[0]:
                wait()
        return result
    Path.rename = slow
if point == "while deleting":
    import shutil
    stop_at(shutil, "rmtree")
job = Job("", lambda job: relocation.move_models(job, Store.of(app_paths()), target))
job.when_progressed(watch)
job.run()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("point", "arrives"),
    [
        ("at 0.1", False),
        ("at 0.6", False),
        ("at 0.95", False),
        ("before the switch", False),
        ("between renames", True),
        ("after two renames", True),
        ("after the switch", True),
        ("while deleting", True),
    ],
)
@pytest.mark.parametrize("home", [False, True], ids=["away", "home"])
def test_kill_9_loses_nothing(
    root: Path, tmp_path: Path, point: str, *, arrives: bool, home: bool
) -> None:
    if home:
        move(tmp_path / "disk")
    target = root if home else tmp_path / "disk"
    command = [sys.executable, "-c", KILLED, point, str(target)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdout is not None
        reached = process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert reached, "it ended before the point came"
    finish_move(root)
    assert contents(root) == FILES
    moved = relocation.place_of_models(root) == target
    assert moved is arrives
    assert left_behind(root) == []
    other = tmp_path / "disk" if relocation.place_of_models(root) == root else root
    assert other.is_symlink() or not other.exists()


def test_blocks_are_copied_whole(root: Path, tmp_path: Path) -> None:
    big = os.urandom(BLOCK + 17)
    (root / "whisper-base" / "big.bin").write_bytes(big)
    seen: list[float] = []
    store = Store.of(app_paths())
    job: Job[Path] = Job("", lambda job: move_models(job, store, tmp_path / "disk"))
    job.when_progressed(lambda now: seen.append(now.fraction))
    job.run()
    assert (root / "whisper-base" / "big.bin").read_bytes() == big
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
