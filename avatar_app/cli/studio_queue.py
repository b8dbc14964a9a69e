"""The `studio queue` commands: many clips, made one after the other or by several workers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from avatar_app.cli.console import plain_console
from avatar_app.cli.notices import print_notices
from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.home import expanded

queue = typer.Typer(help="Make many clips; what is waiting survives a crash.", no_args_is_help=True)
_out = plain_console()
_err = plain_console(stderr=True)

Number = Annotated[int, typer.Argument(help="The clip's number, as `list` shows it.")]


@queue.command()
def add(
    recipes: Annotated[list[Path], typer.Argument(help="Recipes, YAML files.")],
    folder: Annotated[
        Path | None, typer.Option(help="Where the clips go; default: your videos folder.")
    ] = None,
    priority: Annotated[int, typer.Option(help="Higher ones go first.")] = 0,
) -> int:
    """Append clips to the queue."""
    from avatar_app.studio.recipe import load_recipe
    from avatar_app.system.paths import app_paths

    target = expanded(folder or app_paths().videos).absolute()
    checked = [load_recipe(path.absolute()) for path in recipes]
    with _opened() as clips:
        for path, recipe in zip(recipes, checked, strict=True):
            name = recipe.name if recipe.name != "clip" else path.stem
            output = target / f"{name}.{recipe.output.format}"
            number = clips.add(name, recipe.document(), output, priority)
            _out.print(f"{number}: {output}", soft_wrap=True)
    return 0


@queue.command("list")
def show(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False
) -> int:
    """List the clips of the queue."""
    with _opened() as clips:
        found = clips.clips()
    if as_json:
        typer.echo(json.dumps([_entry(clip) for clip in found], ensure_ascii=False))
        return 0
    table = Table("Number", "Name", "State", "Done", "Tries", "Clip or error")
    for clip in found:
        told = clip.error if clip.error and clip.state != "done" else str(clip.output)
        share = f"{100 * clip.fraction:.0f} %"
        table.add_row(str(clip.number), clip.name, clip.state, share, str(clip.attempts), told)
    _out.print(table)
    return 0


@queue.command()
def run(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Clips made at once.")] = 1,
    ray: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Engines run in a Ray cluster: its address, auto, or local."
        ),
    ] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change a setting for this command."),
    ] = None,
) -> int:
    """Make all clips of the queue; Ctrl+C stops, and what is done is kept."""
    from avatar_app.settings.loading import load_settings, parse_overrides
    from avatar_app.storage.clip_queue import ClipState
    from avatar_app.studio.ray_workers import RayClipWorkers
    from avatar_app.studio.workers import ClipWorkers
    from avatar_app.system.paths import app_paths

    loaded, notices = load_settings(overrides=parse_overrides(settings or []))
    print_notices(_err, notices, soft_wrap=True)
    made_by = partial(RayClipWorkers, address=ray) if ray else ClipWorkers
    with made_by(loaded, app_paths(), workers) as working:
        working.wait()
    with _opened() as clips:
        failed = clips.clips((ClipState.FAILED,))
        made = len(clips.clips((ClipState.DONE,)))
    _out.print(f"{made} clips are made, {len(failed)} failed.")
    for clip in failed:
        _out.print(f"{clip.number} {clip.name}: {clip.error}", soft_wrap=True)
    return 1 if failed else 0


@queue.command()
def cancel(number: Number) -> int:
    """Stop a clip, or take it out of the queue."""
    with _opened() as clips:
        _find(clips, number)
        clips.cancel(number)
    return 0


@queue.command()
def retry(number: Number) -> int:
    """Try a failed or cancelled clip again."""
    with _opened() as clips:
        _find(clips, number)
        clips.retry(number)
    return 0


@queue.command()
def remove(number: Number) -> int:
    """Take a clip off the list; its file stays."""
    with _opened() as clips:
        if _find(clips, number).state == "running":
            raise InputInvalid(f"The clip {number} is being made.", "Cancel it first.")
        clips.remove(number)
    return 0


@contextmanager
def _opened() -> Iterator[Any]:
    from avatar_app.storage.clip_queue import ClipQueue
    from avatar_app.system.paths import app_paths

    clips = ClipQueue.of(app_paths(), time.time)
    try:
        yield clips
    finally:
        clips.close()


def _find(clips: Any, number: int) -> Any:
    try:
        return clips.clip(number)
    except KeyError:
        raise ConfigInvalid(
            f"There is no clip {number}.", "Type: avatar-app studio queue list"
        ) from None


def _entry(clip: Any) -> dict[str, Any]:
    return {
        "number": clip.number,
        "name": clip.name,
        "state": str(clip.state),
        "priority": clip.priority,
        "attempts": clip.attempts,
        "step": clip.step,
        "fraction": round(clip.fraction, 3),
        "output": str(clip.output),
        "error": clip.error,
        "seconds": clip.seconds,
    }
