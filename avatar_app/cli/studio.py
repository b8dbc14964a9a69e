"""The `studio` commands: clips by recipe, moving portraits, portraits from prompts, the queue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from avatar_app.cli.console import plain_console
from avatar_app.cli.notices import print_notices, print_warning
from avatar_app.cli.progress import run_job
from avatar_app.cli.studio_queue import queue
from avatar_app.core.errors import ConfigInvalid

studio = typer.Typer(
    help="Make clips by recipe, portraits, and many at once.", no_args_is_help=True
)
studio.add_typer(queue, name="queue")
_out = plain_console()
_err = plain_console(stderr=True)

Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Change a setting for this command."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--change", metavar="ENTRY=VALUE", help="Change an entry of the recipe."),
]


@studio.command()
def make(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a YAML file.")],
    output: Annotated[
        Path | None, typer.Option(help="The file to write; default: your videos folder.")
    ] = None,
    change: Changes = None,
    *,
    as_json: AsJson = False,
    settings: Assignments = None,
) -> int:
    """Make the clip of a recipe."""
    from avatar_app.studio.pipeline import Pipeline
    from avatar_app.system.paths import app_paths

    checked = _changed(recipe, change)
    path = output or app_paths().videos / f"{checked.name}.{checked.output.format}"
    if output is not None and output.suffix.lower() != f".{checked.output.format}":
        raise ConfigInvalid(
            f"The recipe writes a {checked.output.format} file, and {output} is none.",
            f"Name it .{checked.output.format}, or add --change output.format=…",
        )
    with Pipeline(_settings(settings)) as pipeline:
        result = run_job(checked.name, _err, lambda job: pipeline.make(checked, "", path, job))
    for notice in result.notices:
        print_warning(_err, notice)
    if as_json:
        typer.echo(json.dumps(_report(result), ensure_ascii=False))
    else:
        _out.print(f"The clip is {path}", soft_wrap=True)
    return 0


@studio.command()
def portrait(
    prompt: Annotated[str, typer.Option(help="Who is seen, in words.")],
    output: Annotated[Path | None, typer.Option(help="The PNG to write.")] = None,
    avatar: Annotated[str, typer.Option(help="Keep it as an avatar of this name.")] = "",
    negative: Annotated[str, typer.Option(help="What must not be seen.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same picture.")] = 0,
    settings: Assignments = None,
) -> int:
    """Draw a portrait from a prompt."""
    from avatar_app.studio.pipeline import Pipeline
    from avatar_app.studio.portraits import portrait_from_prompt

    if output is None and not avatar:
        raise ConfigInvalid("Nothing is kept of the portrait.", "Give --output or --avatar.")
    with Pipeline(_settings(settings)) as pipeline:
        shop = pipeline.workshop
        checked = run_job(
            "Drawing",
            _err,
            lambda job: portrait_from_prompt(shop, prompt, negative, seed, output, avatar, job),
        )
    for score in checked.scores:
        _out.print(f"{score.model}: {score.similarity:.2f} (at least {score.threshold:.2f})")
    if output is not None:
        _out.print(f"The portrait is {output}", soft_wrap=True)
    return 0


@studio.command()
def animate(
    subject: Annotated[str, typer.Argument(help="An avatar's name, or a photo with one face.")],
    output: Annotated[
        Path | None,
        typer.Option(help="The mp4, webm, mov, avi or gif to write; else the avatar keeps it."),
    ] = None,
    driving: Annotated[
        Path | None, typer.Option(help="A clip whose face the portrait follows, for a film.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=1.0, max=3.6, help="Length of the loop that an avatar keeps.")
    ] = 3.4,
    *,
    still: Annotated[
        bool, typer.Option("--still", help="Take the loop of an avatar away again.")
    ] = False,
    settings: Assignments = None,
) -> int:
    """Let an avatar or photo breathe, blink and look around, or follow a clip."""
    from avatar_app.cli.animating import keep_loop
    from avatar_app.studio.pipeline import Pipeline
    from avatar_app.studio.portraits import moving_portrait

    if still and (output or driving):
        raise ConfigInvalid("A film cannot be held still.", "Give --still with an avatar alone.")
    if output is None:
        _check_keeps(subject, driving)
        return keep_loop(subject, seconds, _settings(settings), still=still)
    with Pipeline(_settings(settings)) as pipeline:
        shop, photo = pipeline.workshop, _portrait_of(subject)
        count = run_job(
            "Drawing", _err, lambda job: moving_portrait(shop, photo, driving, output, job)
        )
    _out.print(f"The film is {output} ({count} frames)", soft_wrap=True)
    return 0


def _check_keeps(subject: str, driving: Path | None) -> None:
    """A photo alone keeps nothing, and a loop follows no clip."""
    if driving is not None or Path(subject).is_file():
        raise ConfigInvalid(
            "Nothing is kept of the film.",
            "Give --output, or make the photo an avatar: avatar-app avatars add PHOTO",
        )


def _portrait_of(subject: str) -> Path:
    """Return the photo of that path, or the portrait of the avatar of that name."""
    from avatar_app.avatars.library import AvatarLibrary
    from avatar_app.engines.face.portrait.avatar import PORTRAIT
    from avatar_app.system.paths import app_paths

    library, photo = AvatarLibrary.of(app_paths()), Path(subject)
    if subject in library.names() and not photo.is_file():
        return library.folder(subject) / PORTRAIT
    return photo


def _changed(path: Path, changes: list[str] | None) -> Any:
    from avatar_app.settings.assignments import parse_value
    from avatar_app.studio.recipe import load_recipe, parse_recipe

    recipe = load_recipe(path)
    if not changes:
        return recipe
    document = recipe.document()
    for change in changes:
        name, sign, value = change.partition("=")
        if not sign:
            raise ConfigInvalid(f"{change!r} changes nothing.", "Write  --change audio.speed=1.2")
        *above, last = name.strip().split(".")
        part: Any = document
        for each in above:
            part = part.get(each) if isinstance(part, dict) else None
        if not isinstance(part, dict):
            raise ConfigInvalid(f"A recipe has no entry {name}.", "Look at the recipe's entries.")
        part[last] = parse_value((), value, change)
    return parse_recipe(document, str(path))


def _report(result: Any) -> dict[str, Any]:
    return {
        "slot_id": result.slot_id,
        "success": result.success,
        "error_msg": result.error_msg,
        "files": [str(path) for path in result.files],
        "frames": len(result.video_frames),
        "size": [int(side) for side in result.video_frames.shape[2:0:-1]],
        "fps": result.fps,
        "seconds": round(len(result.audio_waveform) / 24_000, 3),
        "generation_time_ms": round(result.generation_time_ms, 1),
        "steps": {name: round(seconds, 3) for name, seconds in result.steps.items()},
        "notices": list(result.notices),
    }


def _settings(assignments: list[str] | None) -> Any:
    from avatar_app.settings.loading import load_settings, parse_overrides

    loaded, notices = load_settings(overrides=parse_overrides(assignments or []))
    print_notices(_err, notices, soft_wrap=True)
    return loaded
