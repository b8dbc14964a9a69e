"""The `update` command: looks for a newer version, downloads its installer and hands it over."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from avatar_app.cli.console import plain_console

if TYPE_CHECKING:
    from pathlib import Path

out = plain_console()
err = plain_console(stderr=True)


def update(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only report whether there is one.")
    ] = False,
) -> int:
    """Look for a newer version; nothing is looked for unless you ask."""
    from avatar_app import __version__
    from avatar_app.cli.progress import run_job
    from avatar_app.models.store import readable
    from avatar_app.system.paths import app_paths
    from avatar_app.system.updates.client import UpdateClient

    client = UpdateClient(app_paths().updates)
    found = run_job("Looking", err, client.look)
    if found is None:
        out.print(f"{__version__} is the newest version.")
        return 0
    out.print(f"{found.version} can be had: {readable(found.bytes)}. This is {__version__}.")
    if check:
        return 0
    path = run_job("Downloading", err, lambda job: client.download(job, found))
    out.print(f"Downloaded and verified. To install it: {_how_to_install(path)}", soft_wrap=True)
    return 0


def _how_to_install(path: Path) -> str:
    if path.suffix == ".deb":
        return f"sudo apt install {shlex.quote(str(path))}"
    return f"{'open' if sys.platform == 'darwin' else 'start'} {shlex.quote(str(path))}"
