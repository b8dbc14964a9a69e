"""Tasks of the server's loop: one that fails says so at once, instead of when it is forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


def begun(work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
    """Return the task of some work. If it fails, that is logged once, whether or not somebody waits
    for the task."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(log_failure)
    return task


def log_failure(task: asyncio.Task[Any]) -> None:
    """Log why a task that is over has failed, if it has."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s has failed", task.get_name(), exc_info=error)
