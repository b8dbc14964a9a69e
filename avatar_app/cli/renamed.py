"""Former names of commands: hidden aliases that print the present name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from avatar_app.cli.console import plain_console
from avatar_app.cli.notices import print_warning

_err = plain_console(stderr=True)


def keep_former_name(
    group: typer.Typer, former: str, present: str, command: Callable[..., int]
) -> None:
    """Register `former` as an alias of `command`, which is now `present`."""

    @group.command(former.split()[-1], hidden=True)
    @wraps(command)
    def renamed(*words: Any, **options: Any) -> int:
        print_renamed(former, present)
        return command(*words, **options)


def print_renamed(former: str, present: str) -> None:
    """Print one notice about a former name of a command or an option."""
    from avatar_app.settings.renamed import READ_UNTIL

    sentence = (
        f"{former} is now called {present}; the former name works until version {READ_UNTIL}."
    )
    print_warning(_err, sentence, soft_wrap=True)
