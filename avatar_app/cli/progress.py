"""Progress of jobs on the command line: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

if TYPE_CHECKING:
    from avatar_app.core.jobs import Job
    from avatar_app.models.progress import DownloadProgress

T = TypeVar("T")


def run_download(
    title: str, console: Console, work: Callable[[Job[Any], Callable[[DownloadProgress], None]], T]
) -> T:
    """Run a download and return its result, showing bytes, rate and time left."""
    from avatar_app.core.jobs import Job

    columns = (
        _title(),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=_unseen(console)) as bars:
        bar = bars.add_task(title, total=None)

        def watch(progress: DownloadProgress) -> None:
            bars.update(bar, completed=progress.done, total=progress.total)

        job: Job[T] = Job(title, lambda job: work(job, watch))
        return job.run()


def run_job(title: str, console: Console, work: Callable[[Job[Any]], T]) -> T:
    """Run a job and return its result, showing its progress."""
    from avatar_app.core.jobs import Job

    columns = (_title(), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=_unseen(console)) as bars:
        bar = bars.add_task(title, total=1.0)
        job: Job[T] = Job(title, work)
        job.when_progressed(lambda progress: bars.update(bar, completed=progress.fraction))
        return job.run()


def _title() -> TextColumn:
    return TextColumn("{task.description}", markup=False)


def _unseen(console: Console) -> bool:
    return not console.is_terminal
