"""The queue keeps its clips through everything, in order, with back-off and dead letters."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from avatar_app.storage.clip_queue import (
    FIRST_WAIT,
    MOST_ATTEMPTS,
    MOST_DEATHS,
    MOST_WAIT,
    ClipQueue,
    ClipState,
)

RECIPE = {"audio": {"script": "Hello."}}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> Iterator[ClipQueue]:
    queue = ClipQueue(tmp_path / "studio.db", clock)
    yield queue
    queue.close()


def add(queue: ClipQueue, name: str, priority: int = 0) -> int:
    return queue.add(name, RECIPE, Path(f"/films/{name}.mp4"), priority)


def test_higher_priorities_go_first_then_the_order_of_adding(queue: ClipQueue) -> None:
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
        add(queue, name, priority)
    taken = [queue.take("w") for _ in range(5)]
    assert [clip and clip.name for clip in taken] == ["b", "d", "a", "c", None]


def test_a_clip_is_taken_once_by_many_workers(queue: ClipQueue) -> None:
    numbers = {add(queue, f"clip{index}") for index in range(40)}
    taken: list[int] = []

    def work(owner: str) -> None:
        while (clip := queue.take(owner)) is not None:
            taken.append(clip.number)

    workers = [threading.Thread(target=work, args=(f"w{index}",)) for index in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == sorted(numbers)


def test_two_connections_take_different_clips(tmp_path: Path, clock: Clock) -> None:
    one, other = (ClipQueue(tmp_path / "studio.db", clock) for _ in range(2))
    add(one, "a")
    add(one, "b")
    first, second = one.take("x"), other.take("y")
    assert first is not None
    assert second is not None
    assert {first.name, second.name} == {"a", "b"}
    one.close()
    other.close()


def test_what_fails_waits_ever_longer_and_becomes_a_dead_letter(
    queue: ClipQueue, clock: Clock
) -> None:
    number = add(queue, "a")
    waits = []
    for _ in range(MOST_ATTEMPTS):
        assert queue.take("w") is not None
        queue.fail(number, "w", "The voice broke.")
        if queue.clip(number).state is ClipState.WAITING:
            assert queue.take("w") is None
            waits.append(queue.next_due())
            clock.now += waits[-1] or 0
    assert waits == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    clip = queue.clip(number)
    assert (clip.state, clip.error) == (ClipState.FAILED, "The voice broke.")
    queue.retry(number)
    assert queue.take("w") is not None
    assert FIRST_WAIT * 2**MOST_ATTEMPTS < MOST_WAIT


def test_what_can_never_work_is_not_tried_again(queue: ClipQueue) -> None:
    number = add(queue, "a")
    queue.take("w")
    queue.fail(number, "w", "There is no such photo.", hopeless=True)
    assert queue.clip(number).state is ClipState.FAILED
    assert queue.next_due() is None


def test_clips_of_dead_workers_go_on_but_not_forever(queue: ClipQueue, clock: Clock) -> None:
    number = add(queue, "a")
    for _ in range(MOST_DEATHS):
        clock.now += MOST_WAIT
        assert queue.take("dead") is not None
        assert queue.recover(lambda owner: owner != "dead") == 1
    assert queue.clip(number).state is ClipState.FAILED
    assert queue.take("w") is None


def test_random_kills_meet_different_clips(queue: ClipQueue) -> None:
    names = "abcd"
    for name in names:
        add(queue, name)
    met = []
    for _ in range(2 * len(names)):
        taken = queue.take("dead")
        assert taken is not None
        met.append(taken.name)
        queue.recover(lambda _owner: False)
    assert met == [name for name in names for _ in range(2)]
    assert queue.take("w") is None
    assert queue.next_due() == FIRST_WAIT
    assert {clip.state for clip in queue.clips()} == {ClipState.WAITING}


def test_living_workers_keep_their_clips(queue: ClipQueue) -> None:
    number = add(queue, "a")
    queue.take("alive")
    assert queue.recover(lambda owner: owner == "alive") == 0
    assert queue.clip(number).owner == "alive"


def test_a_late_worker_does_not_overwrite_the_next_one(queue: ClipQueue) -> None:
    number = add(queue, "a")
    queue.take("slow")
    queue.recover(lambda _owner: False)
    queue.take("next")
    assert not queue.tell(number, "slow", "Drawing", 0.9)
    queue.finish(number, "slow", 1.0)
    assert (queue.clip(number).state, queue.clip(number).owner) == (ClipState.RUNNING, "next")
    assert queue.tell(number, "next", "Drawing", 0.5)


def test_a_running_clip_is_stopped_by_its_worker(queue: ClipQueue) -> None:
    number = add(queue, "a")
    queue.take("w")
    queue.cancel(number)
    assert not queue.tell(number, "w", "Drawing", 0.5)
    queue.stopped(number, "w")
    assert queue.clip(number).state is ClipState.CANCELLED
    queue.retry(number)
    assert queue.take("w") is not None
    assert queue.tell(number, "w", "", 0.0)


def test_a_waiting_clip_leaves_the_queue(queue: ClipQueue) -> None:
    number = add(queue, "a")
    queue.cancel(number)
    assert queue.take("w") is None
    queue.remove(number)
    with pytest.raises(KeyError):
        queue.clip(number)


def test_what_is_given_back_costs_no_attempt(queue: ClipQueue) -> None:
    number = add(queue, "a")
    queue.take("w")
    queue.give_back(number, "w")
    clip = queue.take("w")
    assert clip is not None
    assert clip.attempts == 1


def test_the_queue_is_there_after_the_program_is_not(tmp_path: Path, clock: Clock) -> None:
    queue = ClipQueue(tmp_path / "studio.db", clock)
    number = add(queue, "a", 3)
    queue.take("w")
    queue.close()
    again = ClipQueue(tmp_path / "studio.db", clock)
    clip = again.clip(number)
    assert (clip.name, clip.recipe, clip.priority, clip.state) == ("a", RECIPE, 3, "running")
    again.close()


def test_a_clock_that_is_set_back_keeps_no_clip_waiting_for_years(
    queue: ClipQueue, clock: Clock
) -> None:
    clock.now += 10 * 365 * 86400
    number = queue.add("hello", {}, Path("hello.mp4"))
    queue.fail(queue.take("one").number, "one", "no card")
    clock.now -= 10 * 365 * 86400
    assert queue.next_due() == 0
    clip = queue.take("one")
    assert clip is not None
    assert clip.number == number
