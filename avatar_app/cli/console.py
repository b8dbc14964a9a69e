"""Console output as plain text: names and messages may contain brackets."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text


def plain_console(*, stderr: bool = False) -> Console:
    """Disable markup, emoji codes, and colors for numbers and paths: style comes from `style=` and
    from `Text`. What goes to a file or another program keeps its lines: a path that is broken in
    two is none."""
    unbroken = stderr and not (sys.stderr and sys.stderr.isatty())
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=unbroken)


@contextmanager
def busy(console: Console, sentence: str) -> Iterator[Callable[[str], None]]:
    """Show that something is running; yields a function that changes the sentence."""
    with console.status(Text(sentence)) as status:
        yield lambda text: status.update(Text(text))


def check_mark(*, passed: bool, otherwise: str = "✗", style: str = "red") -> Text:
    """Return a green tick, or a placeholder for its absence."""
    return Text("✓", style="green") if passed else Text(otherwise, style=style)


def has_display() -> bool:
    """Whether there is a screen, or a Qt platform that needs none."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
