"""The command line's `agents`: work that takes longer than an answer, such as a small page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from avatar_app.cli.console import plain_console

if TYPE_CHECKING:
    from avatar_app.agents.base import LanguageModel

agents = typer.Typer(
    help="Work that takes longer than an answer: build a small page.", no_args_is_help=True
)
out = plain_console()
err = plain_console(stderr=True)

Folder = Annotated[Path | None, typer.Option("--in", help="The folder of the project.")]


@agents.command()
def run(
    request: Annotated[str, typer.Argument(help="What the page is to be.")],
    *,
    folder: Folder = None,
    yes: Annotated[bool, typer.Option("--yes", help="Build without asking.")] = False,
) -> int:
    """Plan a small web page with your language model, and build, test and review it after your yes.

    Cut off, it goes on where it was: run it again with the same words.
    """
    from avatar_app.agents.building.page import PageBuilder, folder_name
    from avatar_app.agents.workflows.retry import RetryConfig
    from avatar_app.system.paths import app_paths

    root = folder or app_paths().pages / folder_name(request)
    out.print(Text(f"In {root}"), soft_wrap=True)

    def approve(plan: list[str], minutes: int) -> bool:
        for number, part in enumerate(plan, 1):
            out.print(Text(f"{number}. {part}"))
        out.print(f"About {minutes} minutes.")
        return yes or typer.confirm("Build it?", err=True)

    with _model() as model:
        builder = PageBuilder(model, root, RetryConfig(max_attempts=2))
        built = builder.build(request, approve, lambda text: out.print(Text(text)))
    for finding in built.result.context.get("findings", ()):
        out.print(Text(f"  {finding}", style="yellow"))
    if built.result.succeeded:
        out.print(Text(f"Open {built.page}"), soft_wrap=True)
    return 0 if built.passed else 1


@agents.command()
def undo(
    folder: Annotated[Path, typer.Argument(help="The folder of the project.")],
) -> int:
    """Take the latest step of a project back."""
    from avatar_app.agents.building.history import ProjectHistory
    from avatar_app.agents.building.page import HISTORY, SITE
    from avatar_app.core.errors import InputInvalid

    if not (folder / HISTORY).is_dir():
        raise InputInvalid(f"{folder} is no project of mine.", "Give the folder that was printed.")
    undone = ProjectHistory(folder / SITE, folder / HISTORY).undo()
    out.print(f"Taken back: {undone}." if undone else "There is nothing to take back.")
    return 0


@contextmanager
def _model() -> Iterator[LanguageModel]:
    """Load the dialogue engine of the settings."""
    from avatar_app.agents.building.writer import writing_model
    from avatar_app.runtime.registry import Registry
    from avatar_app.settings.loading import load_settings

    settings, _ = load_settings()
    with writing_model(Registry(), settings.dialogue) as model:
        yield model
