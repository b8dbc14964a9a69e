"""What every generator of pictures and films promises about its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from avatar_app.core.errors import OutOfMemory
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.engines.diffusion.levels import Precision


def quiet() -> Job[Any]:
    """A job that somebody else runs."""
    return Job("", lambda _job: None)


def check_cancel_in_each_step(work: Callable[[Job[Any]], Any], steps: int) -> None:
    """Cancelled in a step, it raises in that step."""
    for step in range(1, steps + 1):
        job, seen = quiet(), list[float]()

        def watch(progress: Any, job: Job[Any] = job, seen: list[float] = seen, at: int = step):
            seen.append(progress.fraction)
            if len(seen) == at:
                job.cancel()

        job.when_progressed(watch)
        with pytest.raises(JobCancelled):
            work(job)
        assert len(seen) == step


def check_falls_down_at_each_step(
    make: Callable[[], Any], work: Callable[[Any, Job[Any]], Any], part: str, steps: int
) -> None:
    """Memory that ends in a step costs precision once; if it ends again that is said."""
    for step in range(steps):
        engine = make()
        with _memory_ends(engine, part, step):
            work(engine, quiet())
        assert engine.level.precision is Precision.BF16
        with _memory_ends(engine, part, 0), pytest.raises(OutOfMemory) as caught:
            work(engine, quiet())
        assert caught.value.hint
        work(engine, quiet())  # smaller requests may fit
        engine.close()


@contextmanager
def _memory_ends(engine: Any, part: str, step: int) -> Iterator[None]:
    """Once, when the network is called for the step-th time."""
    import torch

    network = getattr(engine._opened()._ensure(), part)
    forward, calls = network.forward, 0

    def failing(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == step + 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return forward(*arguments, **named)

    network.forward = failing
    yield
    network.forward = forward
