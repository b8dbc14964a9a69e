"""The `render` command: makes a film from a photo and a sound file or a text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from avatar_app.cli.console import busy, plain_console
from avatar_app.cli.notices import print_notices
from avatar_app.core.errors import ConfigInvalid

_out = plain_console()
_err = plain_console(stderr=True)

Audio = Annotated[Path | None, typer.Option(help="The speech: WAV, FLAC, Ogg or MP3.")]
Text = Annotated[str | None, typer.Option(help="The text to say in the avatar's voice.")]
Who = Annotated[
    str, typer.Option(help="An avatar's name, a photo or .avatar file; default: from the settings.")
]
Output = Annotated[Path, typer.Option(help="The mp4 to write.")]
FaceName = Annotated[str, typer.Option(help="auto, wav2lip, photo or illustrated.")]
Model = Annotated[str, typer.Option(help="The weights of Wav2Lip: a file, or a name.")]
QualityName = Annotated[
    str | None, typer.Option(help="standard or high, as the settings define them.")
]
Fps = Annotated[float | None, typer.Option(min=5, max=60, help="Frames per second.")]
Size = Annotated[
    str | None, typer.Option(help="Width and height, for example 1280x720 or 720x1280.")
]
DeviceName = Annotated[str | None, typer.Option(help="auto, cpu, cuda, directml or coreml.")]
Silent = Annotated[bool, typer.Option("--no-sound", help="Pictures only.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change a setting, for example face_enhancement.engine=gfpgan.",
    ),
]


def render(
    output: Output,
    audio: Audio = None,
    text: Text = None,
    avatar: Who = "",
    face: FaceName = "auto",
    model: Model = "",
    quality: QualityName = None,
    fps: Fps = None,
    size: Size = None,
    device: DeviceName = None,
    *,
    no_sound: Silent = False,
    as_json: AsJson = False,
    settings: Assignments = None,
) -> int:
    """Film a face that speaks a sound file or a text."""
    from avatar_app.render.job import RenderRequest, profile_settings
    from avatar_app.settings.loading import load_settings, parse_overrides
    from avatar_app.system.paths import app_paths

    if (audio is None) == (not (text or "").strip()):
        raise ConfigInvalid("No speech given.", 'Give either --audio FILE or --text "Hello!".')
    given = {"render.quality": quality, "render.device": device}
    overrides = parse_overrides(settings or [])
    overrides |= {name: value for name, value in given.items() if value is not None}
    quality = str(load_settings(overrides=overrides)[0].render.quality)
    overrides |= profile_settings(quality, fps, size)
    loaded, notices = load_settings(overrides=overrides)
    print_notices(_err, notices, soft_wrap=True)
    profile = loaded.render.profile(loaded.render.quality)
    order = RenderRequest(output, audio, text or "", avatar, face, model, no_sound)
    report = _filmed(loaded, profile, app_paths(), order)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _out.print(f"The film is {output}", soft_wrap=True)
    return 0


def _filmed(settings: Any, profile: Any, paths: Any, order: Any) -> dict[str, Any]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from avatar_app.core.turn import Turn
    from avatar_app.render.job import RenderJob

    with busy(_err, "Getting ready …"):
        filming = RenderJob(settings, profile, paths, order)
    parts = (
        TextColumn("Filming"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with filming, Progress(*parts, console=_err, transient=True) as bar:
        print_notices(_err, filming.notices, soft_wrap=True)
        task = bar.add_task("", total=100, left="")

        def show(percent: float, left: float) -> None:
            minutes, seconds = divmod(round(left), 60)
            bar.update(task, completed=percent, left=f"{minutes}:{seconds:02} left")

        return filming.film(Turn(0), show)
