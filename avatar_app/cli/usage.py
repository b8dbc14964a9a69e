"""Options of the whole command line, and how a wrong command line is reported."""

from __future__ import annotations

import platform
from typing import Annotated

import typer
from rich.console import Console

from avatar_app import __version__


def add_version_option(app: typer.Typer) -> None:
    """Let `--version` print the versions of the program and of its Python."""

    def main(
        *,
        _version: Annotated[
            bool,
            typer.Option(
                "--version", callback=_print_version, is_eager=True, help="Print the version."
            ),
        ] = False,
    ) -> None:
        """Talk with a face: private, local, nothing to download."""

    app.callback()(main)


def _print_version(value: bool) -> None:  # noqa: FBT001 (typer calls it so)
    if value:
        typer.echo(f"avatar_app {__version__} (Python {platform.python_version()})")
        raise typer.Exit


def show_usage_error(console: Console, error: typer.TyperException) -> None:
    """Print an error of the command line; a wrong one shows its usage as well."""
    if callable(show := getattr(error, "show", None)):
        show()
    else:
        console.print(error.format_message())
