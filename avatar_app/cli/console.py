"""The terminal: what is printed stands there as it is, for names and texts may hold brackets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text


def plain_console(*, stderr: bool = False) -> Console:
    """No markup, no emoji made of words between colons, no colors for numbers and paths: style
    comes from `style=` and from `Text`."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


@contextmanager
def busy(console: Console, sentence: str) -> Iterator[Callable[[str], None]]:
    """Show that something is going on; yields what shows another sentence."""
    with console.status(Text(sentence)) as status:
        yield lambda text: status.update(Text(text))


def check_mark(*, passed: bool, otherwise: str = "✗", style: str = "red") -> Text:
    """A green tick, or what stands for its absence."""
    return Text("✓", style="green") if passed else Text(otherwise, style=style)
