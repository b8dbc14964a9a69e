"""Types a command line as a user does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.testing import CliRunner

from avatar_app.core.errors import AvatarError


def typed(
    command: typer.Typer | Callable[..., Any], *arguments: object, answer: str | None = None
) -> Any:
    """What the command, or group of commands, writes; raises the AvatarError that it ends with.
    `answer`: what the user types when asked, which may end it with 1."""
    group = command if isinstance(command, typer.Typer) else typer.Typer()
    if group is not command:
        group.command()(command)
    result = CliRunner().invoke(group, [str(argument) for argument in arguments], input=answer)
    if isinstance(result.exception, AvatarError):
        raise result.exception
    assert result.exit_code == 0 or answer, result.output
    return result
