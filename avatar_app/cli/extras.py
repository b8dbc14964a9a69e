"""The `extras` commands: list, add and remove packages of optional engines."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from avatar_app.cli.console import plain_console

extras = typer.Typer(
    help="Packages of optional engines: list, add and remove.", no_args_is_help=True
)
out = plain_console()
err = plain_console(stderr=True)

Name = Annotated[str, typer.Argument(metavar="NAME")]


@extras.command("list")
def list_all() -> int:
    """List the extras, their sizes, and which are installed."""
    from avatar_app.models.store import readable
    from avatar_app.system.extras.declared import DeclaredExtras
    from avatar_app.system.extras.installed import installed_extras, is_part_of_program
    from avatar_app.system.paths import app_paths

    installed = {each.name: each for each in installed_extras(app_paths().extras)}
    table = Table("extra", "", "size", "brings", box=None, header_style="bold")
    for name, extra in DeclaredExtras.read().offered.items():
        mine = installed.get(name)
        known = mine.bytes if mine else extra.megabytes * 1_000_000
        size = readable(known) if known else ""
        state = "part of the program" if is_part_of_program(extra.packages) else ""
        if mine is not None:
            state = "installed" if mine.is_usable else "for another Python"
        table.add_row(name, state, size, extra.summary)
    out.print(table)
    for name in [name for name, each in installed.items() if not each.is_usable]:
        out.print(f"Install {name} again: avatar-app extras add {name}")
    return 0


@extras.command()
def add(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Download the packages of an extra and install them beside the program."""
    from avatar_app.cli.progress import run_job
    from avatar_app.models.store import readable
    from avatar_app.system.extras.declared import DeclaredExtras
    from avatar_app.system.extras.installation import install_extra
    from avatar_app.system.extras.installed import is_part_of_program
    from avatar_app.system.paths import app_paths

    extra, root = DeclaredExtras.read().find(name), app_paths().extras
    if is_part_of_program(extra.packages):
        out.print(f"Everything that {name} brings is part of the program already.")
        return 0
    size = f" About {extra.megabytes} MB." if extra.megabytes else ""
    out.print(f"{name}: {extra.summary}.{size}", soft_wrap=True)
    if not yes and not typer.confirm("Download and install this?", err=True):
        return 130
    done = run_job(f"Installing {name}", err, lambda job: install_extra(job, extra, root))
    out.print(f"Installed {len(done.packages)} packages, {readable(done.bytes)}, in {done.folder}.")
    out.print(f"To remove it: avatar-app extras remove {name}")
    return 0


@extras.command()
def remove(name: Name) -> int:
    """Delete an extra's packages."""
    from avatar_app.models.store import readable
    from avatar_app.system.extras.installed import remove_extra
    from avatar_app.system.paths import app_paths

    gone = remove_extra(name, app_paths().extras)
    out.print(f"{name} is removed: {readable(gone.bytes)}.")
    return 0
