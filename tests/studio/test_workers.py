"""Workers survive kill -9: a clip goes on with the step that was under way."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from studio_parts import recipe

from avatar_app.settings.loading import load_settings
from avatar_app.storage.clip_queue import ClipQueue, ClipState, QueuedClip
from avatar_app.storage.studio_schema import FILE
from avatar_app.studio.worker import is_alive, process_name
from avatar_app.studio.workers import ClipWorkers
from avatar_app.system.paths import app_paths

PATIENCE = 240.0


@pytest.fixture
def queue() -> Iterator[ClipQueue]:
    queue = ClipQueue.of(app_paths(), time.time)
    yield queue
    queue.close()


def workers(count: int) -> ClipWorkers:
    return ClipWorkers(load_settings()[0], app_paths(), count)


def wait_for(queue: ClipQueue, number: int, text: str) -> QueuedClip:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        clip = queue.clip(number)
        if clip.step == text and clip.state is ClipState.RUNNING:
            return clip
        time.sleep(0.02)
    raise AssertionError(f"it never came to {text}: {queue.clip(number)}")


def times_done(step: str) -> int:
    with sqlite3.connect(app_paths().data / FILE) as connection:
        (count,) = connection.execute(
            "SELECT COUNT(*) FROM steps WHERE step = ?", (step,)
        ).fetchone()
    connection.close()
    return int(count)


def test_a_worker_killed_in_mid_clip_costs_one_step(queue: ClipQueue, tmp_path: Path) -> None:
    film = tmp_path / "long.mp4"
    long = recipe("One two three four five six seven. " * 6, output={"fps": 24})
    number = queue.add("long", long.document(), film)
    with workers(1) as working:
        clip = wait_for(queue, number, "Drawing")
        os.kill(working.pids[0], signal.SIGKILL)
        assert not film.exists()
        assert working.wait(PATIENCE)
    done = queue.clip(number)
    assert (done.state, done.attempts) == (ClipState.DONE, clip.attempts + 1)
    assert film.exists()
    assert (times_done("sound"), times_done("frames")) == (1, 1)


def test_two_workers_make_all_clips_and_report_what_cannot_be(
    queue: ClipQueue, tmp_path: Path
) -> None:
    good = [
        queue.add(f"clip{index}", recipe(f"Number {index}.").document(), tmp_path / f"{index}.mp4")
        for index in range(4)
    ]
    bad = queue.add(
        "bad", recipe(visual={"photo": "/none.jpg"}).document(), tmp_path / "bad.mp4", priority=9
    )
    with workers(2) as working:
        assert working.wait(PATIENCE)
    assert {queue.clip(number).state for number in good} == {ClipState.DONE}
    assert (queue.clip(bad).state, queue.clip(bad).attempts) == (ClipState.FAILED, 1)
    assert "none.jpg" in queue.clip(bad).error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.mp4", "1.mp4", "2.mp4", "3.mp4"]


def test_workers_that_are_told_to_end_give_their_clip_back(
    queue: ClipQueue, tmp_path: Path
) -> None:
    long = recipe("One two three four five six seven. " * 6, output={"fps": 24})
    number = queue.add("long", long.document(), tmp_path / "long.mp4")
    with workers(1):
        wait_for(queue, number, "Drawing")
    clip = queue.clip(number)
    assert (clip.state, clip.attempts, clip.owner) == (ClipState.WAITING, 0, "")


def test_a_clip_is_cancelled_while_it_is_made(queue: ClipQueue, tmp_path: Path) -> None:
    long = recipe("One two three four five six seven. " * 6, output={"fps": 24})
    number = queue.add("long", long.document(), tmp_path / "long.mp4")
    with workers(1) as working:
        wait_for(queue, number, "Drawing")
        queue.cancel(number)
        assert working.wait(PATIENCE)
    assert queue.clip(number).state is ClipState.CANCELLED
    assert list(tmp_path.iterdir()) == []


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    own = process_name()
    assert is_alive(own)
    assert not is_alive(f"{os.getpid()}:1.00")
    assert not is_alive("")
