"""Jobs: long cancellable tasks outside a conversation that report their progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from avatar_app.core.listeners import call_each

T = TypeVar("T")


class JobCancelled(Exception):
    """Raised by `Job.check`; ends a job without an error."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has come."""

    fraction: float = 0.0
    """In [0, 1]; never falls."""
    text: str = ""
    """What is being done, as readable text."""
    preview: Any = field(default=None, compare=False, repr=False)
    """A picture of the work so far, uint8, shape (height, width, 3), RGB; None without one."""


class Job(Generic[T]):
    """A task that receives its own Job, to call `report` and `check` on between pieces of work.

    `run` is called once, in any thread. `cancel`, `progress` and `cancelled` may be used from any.
    """

    def __init__(self, title: str, work: Callable[[Job[T]], T]) -> None:
        self.title = title
        """What the job does, as readable text."""
        self.progress = Progress()
        self._work = work
        self._cancelled = threading.Event()
        self._listeners: list[Callable[[Progress], None]] = []
        self._stops: list[Callable[[], None]] = []

    def run(self) -> T:
        """Do the work and return its result; raises JobCancelled, or what the work raises."""
        self.check()
        result = self._work(self)
        self.report(1.0)
        return result

    def when_progressed(self, listener: Callable[[Progress], None]) -> None:
        """Call `listener`, from the working thread, at each report; add it before `run`. What it
        raises ends the job."""
        self._listeners.append(listener)

    def when_cancelled(self, stop: Callable[[], None]) -> None:
        """Call `stop`, from the cancelling thread, when the job is cancelled; add it before `run`
        or in it, where it is called at once if the job was cancelled before."""
        self._stops.append(stop)
        if self.cancelled:
            stop()

    def report(self, fraction: float, text: str = "", preview: Any = None) -> None:
        """Report progress; raises JobCancelled if the job was cancelled."""
        self.check()
        farthest = max(self.progress.fraction, min(fraction, 1.0))
        self.progress = Progress(farthest, text or self.progress.text, preview)
        for listener in self._listeners:
            listener(self.progress)

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the job to stop at its next report or check."""
        self._cancelled.set()
        call_each(tuple(self._stops))

    def check(self) -> None:
        """Raise JobCancelled if the job was cancelled."""
        if self.cancelled:
            raise JobCancelled(self.title)


class JobPart(Job[T]):
    """A job that is one stretch of a larger job: it reports to that one and is cancelled
    with it.
    """

    def __init__(self, whole: Job[Any], title: str, start: float, share: float) -> None:
        """`start` and `share`: fractions of the whole."""
        super().__init__(title, _nothing)
        self._whole = whole
        self._start = start
        self._share = share

    def when_cancelled(self, stop: Callable[[], None]) -> None:
        self._whole.when_cancelled(stop)

    def report(self, fraction: float, text: str = "", preview: Any = None) -> None:
        super().report(fraction, text, preview)
        self._whole.report(self._start + self._share * self.progress.fraction, text, preview)

    @property
    def cancelled(self) -> bool:
        return self._whole.cancelled


def _nothing(_job: Job[Any]) -> Any:
    raise AssertionError("a part is run by the owner of the whole job")
