"""A stage outlives its engine's failures, and nobody waits at a feed for ever."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.pipeline.stage import Feed, Stage
from avatar_app.pipeline.work_tracker import WorkTracker

SOON = 10.0
"""Seconds within which a thread must have come to its end; it takes milliseconds."""


@pytest.fixture
def activity() -> WorkTracker:
    return WorkTracker()


class Doing(threading.Thread):
    """Does something in a thread of its own and keeps what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(name="doing", daemon=True)
        self._work = work
        self.outcome: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self._work()
        except TurnCancelled as error:
            self.outcome = error

    def result(self) -> Any:
        self.join(SOON)
        assert not self.is_alive(), "it still waits"
        return self.outcome

    def waits(self) -> bool:
        self.join(0.02)
        return self.is_alive()


def test_feed_yields_items_in_order_and_ends_when_closed(activity: WorkTracker) -> None:
    feed: Feed[int] = Feed(activity, limit=10)
    for number in range(5):
        feed.put(number)
    feed.close()
    assert list(feed) == [0, 1, 2, 3, 4]
    assert list(feed) == []


def test_next_blocks_until_an_item_arrives(activity: WorkTracker) -> None:
    feed: Feed[int] = Feed(activity, limit=1)
    taking = Doing(lambda: list(feed))
    assert taking.waits()
    for number in range(100):
        feed.put(number)
    feed.close()
    assert taking.result() == list(range(100))


def test_put_blocks_while_the_feed_is_full(activity: WorkTracker) -> None:
    feed: Feed[int] = Feed(activity, limit=2)
    feed.put(1)
    feed.put(2)
    putting = Doing(lambda: feed.put(3))
    assert putting.waits()
    assert next(feed) == 1
    putting.result()
    assert [next(feed), next(feed)] == [2, 3]


def test_a_cancelled_turn_frees_both_sides(activity: WorkTracker) -> None:
    turn = Turn(1)
    empty: Feed[int] = Feed(activity, 1, turn)
    full: Feed[int] = Feed(activity, 1, turn)
    full.put(1)
    taking, putting = Doing(lambda: next(empty)), Doing(lambda: full.put(2))
    assert taking.waits()
    assert putting.waits()
    turn.cancel()
    assert isinstance(taking.result(), TurnCancelled)
    assert isinstance(putting.result(), TurnCancelled)


def test_queued_items_of_a_cancelled_turn_are_skipped(activity: WorkTracker) -> None:
    turn = Turn(1)
    feed: Feed[int] = Feed(activity, 5, turn)
    feed.put(1)
    feed.close()
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(feed)
    with pytest.raises(TurnCancelled):
        feed.put(2)
    with pytest.raises(TurnCancelled):
        Feed(activity, 5, turn).put(1)


def test_an_abandoned_feed_takes_and_drops_everything(activity: WorkTracker) -> None:
    feed: Feed[int] = Feed(activity, limit=1)
    feed.put(1)
    putting = Doing(lambda: feed.put(2))
    assert putting.waits()
    feed.abandon()
    putting.result()
    for number in range(10):
        feed.put(number)
    assert list(feed) == []


def test_reading_an_abandoned_feed_ends(activity: WorkTracker) -> None:
    feed: Feed[int] = Feed(activity, limit=1)
    taking = Doing(lambda: list(feed))
    assert taking.waits()
    feed.abandon()
    assert taking.result() == []


class StageRun:
    """A stage with what it emitted, ended and failed."""

    def __init__(self, apply: Callable[[Any, Turn], Iterator[Any]]) -> None:
        self.activity = WorkTracker()
        self.emitted: list[Any] = []
        self.ended: list[Any] = []
        self.failures: list[tuple[Any, str, AvatarError]] = []
        self.stage: Stage[Any, Any] = Stage(
            "act",
            apply,
            self.activity,
            lambda job, turn, output: self.emitted.append((job, output)),
            lambda job, turn: self.ended.append(job),
            lambda job, turn, name, error: self.failures.append((job, name, error)),
        )

    def __enter__(self) -> StageRun:
        return self

    def __exit__(self, *_: object) -> None:
        self.stage.close()

    def play(self, *jobs: Any, turn: Turn | None = None) -> None:
        for job in jobs:
            self.stage.submit(turn or Turn(1), job)
        assert self.activity.settle(SOON)


def counted(job: int, turn: Turn) -> Iterator[int]:
    yield from range(job)


def test_a_stage_emits_what_its_engine_yields_job_by_job() -> None:
    with StageRun(counted) as run:
        run.play(2, 0, 1)
        assert run.emitted == [(2, 0), (2, 1), (1, 0)]
        assert run.ended == [2, 0, 1]


def test_a_cancelled_turn_is_skipped() -> None:
    turn = Turn(1)
    turn.cancel()
    with StageRun(counted) as run:
        run.play(3, turn=turn)
        run.play(1)
        assert run.emitted == [(1, 0)]
        assert run.ended == [1]
        assert run.failures == []


def test_a_failure_is_handed_on_and_the_stage_goes_on() -> None:
    def apply(job: Any, turn: Turn) -> Iterator[Any]:
        yield job
        if job == "bad":
            raise EngineFailed("It broke.", "Mend it.")

    with StageRun(apply) as run:
        run.play("bad", "good")
        assert [(job, name, e.message) for job, name, e in run.failures] == [
            ("bad", "act", "It broke.")
        ]
        assert run.ended == ["good"]


def test_unexpected_error_becomes_one_sentence(expected_warnings: list[str]) -> None:
    expected_warnings.append("act failed")

    def apply(job: Any, turn: Turn) -> Iterator[Any]:
        return iter([1 / job])

    with StageRun(apply) as run:
        run.play(0, 1)
        ((_, _, error),) = run.failures
        assert error.message == "An unexpected error occurred: division by zero."
        assert error.hint
        assert run.ended == [1]


def test_what_may_be_a_bug_leaves_its_traceback_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "avatar_app.pipeline.stage")

    def apply(job: Any, turn: Turn) -> Iterator[Any]:
        try:
            yield job.no_such_name
        except AttributeError as error:
            raise EngineFailed("The file is damaged.", "Choose another.") from error

    with StageRun(apply) as run:
        run.play(1, 2, 3)
        assert len(run.failures) == 3
    (record,) = caplog.records
    assert "no_such_name" in caplog.text
    assert record.levelno == logging.INFO


def test_a_generator_is_closed_at_the_first_output_after_the_cancellation() -> None:
    log: list[str] = []
    turn = Turn(1)

    def apply(job: Any, _turn: Turn) -> Iterator[int]:
        try:
            for number in range(1000):
                if number == 3:
                    turn.cancel()
                log.append(str(number))
                yield number
        finally:
            log.append("closed")

    with StageRun(apply) as run:
        run.play("job", turn=turn)
        assert log == ["0", "1", "2", "3", "closed"]
        assert [output for _, output in run.emitted] == [0, 1, 2]
        assert run.ended == []


def test_a_generator_is_closed_when_what_it_yields_cannot_be_emitted() -> None:
    log: list[str] = []

    def apply(job: Any, _turn: Turn) -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            log.append("closed")

    def refuse(*_: Any) -> None:
        raise EngineFailed("Nobody wants it.")

    with StageRun(apply) as run:
        run.stage._emit = refuse
        run.play("job")
        assert log == ["closed"]
        assert len(run.failures) == 1


def test_restarted_stage_continues_in_a_new_thread() -> None:
    stuck, entered = threading.Event(), threading.Event()

    def apply(job: Any, _turn: Turn) -> Iterator[Any]:
        if job == "hang":
            entered.set()
            stuck.wait(SOON)
        yield job

    with StageRun(apply) as run:
        hanging = Turn(1)
        run.stage.submit(hanging, "hang")
        assert entered.wait(SOON)
        old = run.stage._thread
        hanging.cancel()
        run.stage.restart()
        done = threading.Event()
        run.stage._ended = lambda job, turn: done.set()
        run.stage.submit(Turn(2), "next")
        assert done.wait(SOON)
        assert run.emitted == [("next", "next")]
        stuck.set()
        old.join(SOON)
        assert not old.is_alive()
        assert run.emitted == [("next", "next")]
        assert run.activity.settle(SOON)


@pytest.mark.usefixtures("threads_take_turns_often")
def test_restarted_stage_counts_as_work_until_settled() -> None:
    with StageRun(counted) as run:
        for number in range(1, 201):
            run.stage.restart()
            run.play(1)
            assert len(run.emitted) == number
        assert len(run.stage._given_up) <= 2  # those that ended are forgotten
