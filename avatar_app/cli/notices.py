"""Prints notices and warnings to the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from avatar_app.core.events import Noticed


def print_notices(console: Console, notices: Iterable[Noticed], *, soft_wrap: bool = False) -> None:
    """Print one line each, as plain text."""
    for notice in notices:
        print_warning(console, f"{notice.message} {notice.hint}", soft_wrap=soft_wrap)


def print_warning(console: Console, sentence: str, *, soft_wrap: bool = False) -> None:
    """Print one line, as plain text."""
    console.print(sentence, style="yellow", soft_wrap=soft_wrap)
