"""A background thread that runs jobs one after the other, and exists only while there are some."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from avatar_app.core.jobs import Job

log = logging.getLogger(__name__)


class JobThread:
    """`run` takes jobs until there is none, and then calls `rest`. `lock` guards what is queued.
    What it raises is logged; `wake` starts it again."""

    def __init__(self, name: str, run: Callable[[], None]) -> None:
        self.lock = threading.Condition()
        self.job: Job[Any] | None = None
        """The one under way."""
        self.is_closed = False
        self._name, self._run = name, run
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Start the thread, unless it runs or was closed. The caller holds the lock."""
        if self._thread is None and not self.is_closed:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()

    def rest(self) -> None:
        """Note that the thread ends. The caller holds the lock."""
        self._thread = self.job = None

    def _work(self) -> None:
        try:
            self._run()
        except Exception:  # a seam: else `wake` would wait for a thread that has ended
            log.exception("%s ended early", self._name)
            with self.lock:
                self.rest()

    def close(self) -> None:
        """Cancel the job under way and wait for the thread; it does not start again."""
        with self.lock:
            self.is_closed, thread, job = True, self._thread, self.job
        if job is not None:
            job.cancel()
        if thread is not None:
            thread.join()
