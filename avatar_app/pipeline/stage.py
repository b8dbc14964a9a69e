"""Pipeline stages, each running one engine in its own thread, and feeds between them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.out_of_memory import is_out_of_memory, out_of_memory
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.pipeline.work_tracker import TrackedCondition, WorkTracker

T = TypeVar("T")
In = TypeVar("In")
Out = TypeVar("Out")

LIMIT = 1000
"""Jobs that a stage queues: 10 s of sound for the conversation thread."""
GIVEN_UP_PATIENCE = 0.5
"""Seconds that closing waits for an abandoned thread: most do return."""

BUGS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    TypeError,
    ValueError,
)
"""What may be a bug also where an engine takes it for a damaged file or a wrong answer: the user
gets a sentence, and the log the traceback."""

log = logging.getLogger(__name__)


class Feed(Generic[T]):
    """A bounded stream with one consumer. It ends when closed, and at once when its turn is
    cancelled: then both sides get TurnCancelled."""

    def __init__(self, activity: WorkTracker, limit: int, turn: Turn | None = None) -> None:
        self._limit = limit
        self._turn = turn
        self._items: deque[T] = deque()
        self._bell = TrackedCondition(activity)
        self._closed = False
        self._abandoned = False
        if turn is not None:
            turn.when_cancelled(self._ring)

    def put(self, item: T, *, waits: bool = True) -> None:
        """Append `item`; waits while the feed is full, if it may. Ignored once abandoned."""
        with self._bell:
            if waits:
                self._bell.wait_for(lambda: len(self._items) < self._limit or self._over)
            self._check()
            if not self._abandoned:
                self._items.append(item)
                self._bell.ring()

    @property
    def full(self) -> bool:
        """Whether `put` would wait."""
        return len(self._items) >= self._limit

    @property
    def ready(self) -> bool:
        """Whether `next` would not wait."""
        return bool(self._items) or self._closed or self._over

    def close(self) -> None:
        """Mark the stream as complete."""
        with self._bell:
            self._closed = True
            self._bell.ring()

    def abandon(self) -> None:
        """Drop all items, present and future: nothing will take them."""
        with self._bell:
            self._abandoned = True
            self._items.clear()
            self._bell.ring()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._bell:
            self._bell.wait_for(lambda: self._items or self._closed or self._over)
            self._check()
            if not self._items:
                raise StopIteration
            item = self._items.popleft()
            self._bell.ring()
            return item

    @property
    def _over(self) -> bool:
        return self._abandoned or (self._turn is not None and self._turn.cancelled)

    def _check(self) -> None:
        if self._turn is not None:
            self._turn.check()

    def _ring(self) -> None:
        with self._bell:
            self._bell.ring()


class Stage(Generic[In, Out]):
    """Runs an engine on one job after the other; its output is passed to `emit` with the job and
    its turn. A cancelled turn is skipped; a failure is passed to `failed`, and the stage goes on
    with the next job."""

    def __init__(
        self,
        name: str,
        apply: Callable[[In, Turn], Iterator[Out]],
        activity: WorkTracker,
        emit: Callable[[In, Turn, Out], None],
        ended: Callable[[In, Turn], None],
        failed: Callable[[In, Turn, str, AvatarError], None],
    ) -> None:
        self.name = name
        self._apply = apply
        self._emit = emit
        self._ended = ended
        self._failed = failed
        self._activity = activity
        self._given_up: list[threading.Thread] = []
        self._logged = ""
        self._begin()

    def submit(self, turn: Turn, job: In, *, waits: bool = True) -> None:
        """Queue `job`. `waits`: while LIMIT jobs are queued, which must not be asked of the stage's
        own thread, nor of one that the stage waits for."""
        self._jobs.put((turn, job), waits=waits)

    def close(self, patience: float = 5.0) -> None:
        """End the thread; the current turn must be cancelled. Waits `patience` seconds for it."""
        self._jobs.close()
        self._thread.join(patience)
        for thread in self._given_up:
            thread.join(GIVEN_UP_PATIENCE)

    def restart(self) -> None:
        """Continue in a new thread: the old one may be inside an engine that does not return."""
        self._jobs.abandon()
        self._given_up = [each for each in (*self._given_up, self._thread) if each.is_alive()]
        self._begin()

    def _begin(self) -> None:
        self._jobs: Feed[tuple[Turn, In]] = Feed(self._activity, LIMIT)
        self._activity.begin()  # for the thread, until it counts itself
        self._thread = threading.Thread(
            target=self._run, args=(self._jobs,), name=self.name, daemon=True
        )
        self._thread.start()

    def _run(self, jobs: Feed[tuple[Turn, In]]) -> None:
        with self._activity.employed():
            self._activity.end()
            for turn, job in jobs:
                self._serve(turn, job)

    def _serve(self, turn: Turn, job: In) -> None:
        try:
            turn.check()
            self._stream(job, turn, self._apply(job, turn))
            turn.check()
            self._ended(job, turn)
        except TurnCancelled:
            log.debug("%s: %r was cancelled", self.name, turn)
        except AvatarError as error:
            if isinstance(error.__cause__, BUGS) and self._is_new(error):
                log.info("%s failed", self.name, exc_info=error)
            self._failed(job, turn, self.name, error)
        except Exception as error:  # a seam: a bug in an engine must not end the conversation
            if self._is_new(error):
                log.exception("%s failed", self.name)
            self._failed(job, turn, self.name, _failure(error))

    def _is_new(self, error: Exception) -> bool:
        """Whether it is not the one that was logged last: it may come a hundred times a second."""
        before, self._logged = self._logged, repr(error)
        return before != self._logged

    def _stream(self, job: In, turn: Turn, outputs: Iterator[Out]) -> None:
        with closed_after(outputs):
            for output in outputs:
                turn.check()
                self._emit(job, turn, output)


@contextmanager
def closed_after(outputs: Iterator[Out]) -> Iterator[Iterator[Out]]:
    """Yield from a generator and close it at the end; other iterators need no closing."""
    try:
        yield outputs
    finally:
        close = getattr(outputs, "close", None)
        if close is not None:
            close()


def _failure(error: Exception) -> AvatarError:
    if is_out_of_memory(error):
        return out_of_memory("this")
    return EngineFailed(f"An unexpected error occurred: {error}.", BUG_HINT)


BUG_HINT = "The log has the details; try once more, or choose another engine in the settings."
