"""Runs one job of a page at a time, in a thread of its own: no other order waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.ui.qt.work import Work


@dataclass(frozen=True, slots=True)
class _Poster:
    """What `Work` needs of a bridge."""

    post: Callable[[Callable[[], None]], None]


class RunningJob:
    """The newest job alone is followed: an earlier one is cancelled, and what comes of it ignored.

    The thread exists only once a job was started.
    """

    def __init__(
        self, post: Callable[[Callable[[], None]], None], failed: Callable[[AvatarError], None]
    ) -> None:
        self._post, self._failed = post, failed
        self._work: Work | None = None
        self._job: Job[Any] | None = None

    @property
    def busy(self) -> bool:
        return self._job is not None

    def follows(self, job: Job[Any]) -> bool:
        """Whether it is the newest, and under way."""
        return self._job is job

    def start(
        self,
        job: Job[Any],
        then: Callable[[Any], None],
        failed: Callable[[AvatarError], None] | None = None,
    ) -> None:
        """Cancel the job before, and run this one; `then` gets what comes of it, `failed` an error
        in place of the usual listener."""
        self.cancel()
        if self._work is None:
            self._work = Work(_Poster(self._post), self._failed)
        self._job = job
        task = self._work.run(lambda: _outcome(job))
        task.then(lambda outcome: self._ended(job, outcome, then))
        task.failed(lambda error: self._broke(job, error, failed or self._failed))

    def cancel(self) -> None:
        """Nobody wants what the job makes any more."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def run(self, call: Callable[[], object]) -> None:
        """Do something after the jobs that were started; not if none ever was."""
        if self._work is not None:
            self._work.run(call)

    def close(self) -> None:
        """Cancel, and wait until the thread has ended."""
        self.cancel()
        if self._work is not None:
            self._work.close()

    def _ended(self, job: Job[Any], outcome: tuple[Any, bool], then: Callable[[Any], None]) -> None:
        result, cancelled = outcome
        if self._job is job:
            self._job = None
            if not cancelled:
                then(result)

    def _broke(
        self, job: Job[Any], error: AvatarError, failed: Callable[[AvatarError], None]
    ) -> None:
        if self._job is job:
            self._job = None
            failed(error)


def _outcome(job: Job[Any]) -> tuple[Any, bool]:
    """What came of it, and whether it was cancelled."""
    try:
        return job.run(), False
    except JobCancelled:
        return None, True
