"""Prints a benchmark's progress to standard error, so that its output stays clean."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console

T = TypeVar("T")
LINES = 10


def show_steps(title: str, steps: Sequence[T]) -> Iterator[T]:
    """Yield each of `steps`; before it, print its number, the total, and the seconds since the
    first.

    Of more than ten steps, about ten are printed.
    """
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    began, every = time.perf_counter(), max(1, len(steps) // LINES)
    for index, step in enumerate(steps):
        if index % every == 0:
            spent = time.perf_counter() - began
            console.print(f"{title} {index + 1} of {len(steps)}, {spent:.0f} s", markup=False)
        yield step
