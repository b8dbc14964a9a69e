"""Runs slow calls outside the Qt thread: `work.run(job).then(show).failed(tell)`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from avatar_app.core.errors import AvatarError

Result = TypeVar("Result")


class PostsCalls(Protocol):
    """What makes calls in the Qt thread: a Bridge."""

    def post(self, item: Callable[[], None], /) -> None: ...


class Task(Generic[Result]):
    """A running call. Both continuations run in the Qt thread."""

    def __init__(self, failed: Callable[[AvatarError], None]) -> None:
        self._then: Callable[[Result], None] | None = None
        self._failed = failed

    def then(self, show: Callable[[Result], None]) -> Task[Result]:
        """Call `show` with the result."""
        self._then = show
        return self

    def failed(self, tell: Callable[[AvatarError], None]) -> Task[Result]:
        """Call `tell` with a user-facing error, instead of the worker's default handler."""
        self._failed = tell
        return self

    def end(self, future: Future[Result]) -> None:
        """Deliver the outcome; an error that is a bug is raised here, with its traceback."""
        error = future.exception()
        if isinstance(error, AvatarError):
            self._failed(error)
        elif error is not None:
            raise error
        elif self._then is not None:
            self._then(future.result())


class Work:
    """Runs jobs one after the other in a thread of its own, so that commands keep their order."""

    def __init__(self, bridge: PostsCalls, failed: Callable[[AvatarError], None]) -> None:
        self._bridge = bridge
        self._failed = failed
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="window-work")

    def run(self, job: Callable[[], Result]) -> Task[Result]:
        """Start `job`; set `then` and `failed` at once."""
        task: Task[Result] = Task(self._failed)
        future = self._executor.submit(job)
        future.add_done_callback(lambda done: self._come_back(task, done))
        return task

    def close(self) -> None:
        """Wait until every job is done; results are no longer delivered."""
        self._executor.shutdown(wait=True)

    def _come_back(self, task: Task[Result], future: Future[Result]) -> None:
        self._bridge.post(lambda: task.end(future))
