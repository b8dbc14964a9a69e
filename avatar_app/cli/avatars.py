"""The `avatars` commands: create avatars from photos or clips, list, export and remove them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from avatar_app.cli.console import busy, plain_console
from avatar_app.cli.notices import print_notices

if TYPE_CHECKING:
    from avatar_app.avatars.detection.faces import FaceDetector
    from avatar_app.avatars.people import SeveralPeople
    from avatar_app.avatars.teaching.apart import Taught
    from avatar_app.core.jobs import Job
    from avatar_app.engines.face.portrait.avatar import Avatar

    Teaching = Callable[[Path, Job[Taught]], Taught]


class TeacherName(StrEnum):
    """Who teaches a student."""

    WAV2LIP = "wav2lip"
    LIVE_PORTRAIT = "live_portrait"


avatars = typer.Typer(
    help="Avatars: create from photos and clips, list, export and remove.", no_args_is_help=True
)
_out = plain_console()
_err = plain_console(stderr=True)

Source = Annotated[Path, typer.Argument(help="The photo, the clip, or the .avatar file.")]
AvatarName = Annotated[str, typer.Argument(help="The avatar's name; see `list`.")]
Target = Annotated[Path, typer.Argument(help="The .avatar file to write.")]
Name = Annotated[
    str | None, typer.Option("--name", help="Name of the avatar; default: the file's name.")
]
Person = Annotated[
    int | None,
    typer.Option(min=1, help="Which person in a photo of several, counted from the left."),
]
Detector = Annotated[
    str | None, typer.Option(help="The face detector: builtin or s3fd; default: from the settings.")
]
Seconds = Annotated[float, typer.Option(min=1.0, max=3.6, help="Length of the loop.")]
Still = Annotated[bool, typer.Option("--still", help="Take the loop away again.")]
Networks = Annotated[
    str,
    typer.Option(
        "--model", help="Wav2Lip's checkpoint (a file or a model's name), or LivePortrait's folder."
    ),
]
Minutes = Annotated[
    float, typer.Option(min=1, help="Longest time for which LivePortrait may be looked at.")
]
DetectorModel = Annotated[Path | None, typer.Option(help="S3FD's weights, for example s3fd.pth.")]


@avatars.command()
def add(
    source: Source,
    name: Name = None,
    detector: Detector = None,
    detector_model: DetectorModel = None,
    person: Person = None,
) -> int:
    """Create an avatar from a photo or a short clip, or import an .avatar file."""
    from avatar_app.avatars.archive import SUFFIX, import_avatar
    from avatar_app.avatars.creation import make_avatar
    from avatar_app.avatars.library import AvatarLibrary, name_from
    from avatar_app.avatars.people import SeveralPeople
    from avatar_app.core.jobs import Job
    from avatar_app.system.named_folders import folder_name
    from avatar_app.system.paths import app_paths

    library = AvatarLibrary.of(app_paths())
    called = folder_name(name) if name else name_from(source)
    make_detector = _eyes(detector, detector_model)

    def make(person: int | None) -> Avatar:
        return _watched(
            Job(
                f"Making {called}",
                lambda job: make_avatar(source, called, job, library, make_detector, person),
            )
        )

    if source.suffix.lower() == SUFFIX:
        avatar = import_avatar(source, called, library)
    else:
        try:
            avatar = make(person)
        except SeveralPeople as several:
            avatar = make(_asked_who(several))
    for note in avatar.notes:
        _err.print(note, style="yellow")
    folder = library.folder(called)
    _say(f"The avatar {called} is {folder}")
    talk = f"avatar-app run --set face.engine=photo --set face.options.avatar={called}"
    _say(f"Talk with it: {talk}")
    return 0


def _watched(job: Job[Avatar]) -> Avatar:
    with busy(_err, "Looking …") as tell_status:
        job.when_progressed(
            lambda progress: tell_status(f"{progress.text} … {progress.fraction:.0%}")
        )
        return job.run()


def _asked_who(several: SeveralPeople) -> int:
    """Ask for the number of the person in the photo; raises `several` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise several
    _err.print(several.message)
    return int(typer.prompt(f"Counted from the left, 1 to {several.count}", type=int, err=True))


def _eyes(detector: str | None, model: Path | None) -> Callable[[], FaceDetector]:
    """Return the face detector: from the command line, else from the settings."""
    from avatar_app.avatars.detection.faces import face_detector_factory
    from avatar_app.settings.loading import load_settings
    from avatar_app.system.paths import app_paths

    said = {"avatars.detector": detector, "avatars.detector_model": model and str(model)}
    settings, notices = load_settings(overrides={key: it for key, it in said.items() if it})
    print_notices(_err, notices)
    return face_detector_factory(settings.avatars, app_paths().models)


@avatars.command()
def teach(
    name: AvatarName,
    model: Networks = "",
    teacher: Annotated[
        TeacherName, typer.Option(help="wav2lip teaches the lips, live_portrait the whole head.")
    ] = TeacherName.WAV2LIP,
    minutes: Minutes = 12.0,
) -> int:
    """Let a large network teach a small one to paint an avatar: some ten minutes, once."""
    from avatar_app.avatars.library import AvatarLibrary
    from avatar_app.cli.progress import run_job
    from avatar_app.system.paths import app_paths

    paths = app_paths()
    folder = AvatarLibrary.of(paths).folder(name)
    teaching = _whole_head(model, minutes) if teacher is TeacherName.LIVE_PORTRAIT else _lips(model)
    taught = run_job(f"Teaching {name}", _err, lambda job: teaching(folder, job))
    _say(
        f"The student of {name} paints as its teacher does, but for {taught.psnr:.1f} dB, "
        f"with {taught.flop / 1e9:.3f} GFLOP a picture."
    )
    engine = "whole_head" if teacher is TeacherName.LIVE_PORTRAIT else "student"
    talk = f"avatar-app run --set face.engine={engine} --set face.options.avatar={name}"
    _say(f"Talk with it: {talk}")
    return 0


def _lips(model: str) -> Teaching:
    from avatar_app.avatars.teaching.apart import teach_avatar
    from avatar_app.render.inputs import find_weights
    from avatar_app.system.paths import app_paths

    weights = find_weights(model or "wav2lip", app_paths())
    return lambda folder, job: teach_avatar(folder, weights, job)


def _whole_head(model: str, minutes: float) -> Teaching:
    from avatar_app.avatars.teaching.apart import teach_whole_head
    from avatar_app.avatars.teaching.head_course import HeadCourse
    from avatar_app.render.inputs import live_portrait_folder
    from avatar_app.settings.loading import load_settings

    networks = live_portrait_folder(model, load_settings()[0])
    course = HeadCourse(minutes=minutes)
    return lambda folder, job: teach_whole_head(folder, networks, job, course)


@avatars.command(hidden=True)
def animate(name: AvatarName, seconds: Seconds = 3.4, *, still: Still = False) -> int:
    """Another name of `studio animate NAME`."""
    from avatar_app.cli.animating import keep_loop
    from avatar_app.settings.loading import load_settings

    settings, notices = load_settings()
    print_notices(_err, notices)
    return keep_loop(name, seconds, settings, still=still)


@avatars.command("list")
def list_all() -> int:
    """List the avatars and their folder."""
    from avatar_app.avatars.library import AvatarLibrary
    from avatar_app.system.paths import app_paths

    library = AvatarLibrary.of(app_paths())
    found, notices = library.entries()
    table = Table("name", "portrait", "idle loop", "made", box=None)
    for avatar in found:
        height, width = avatar.portrait.shape[:2]
        idle = f"{avatar.idle.seconds:.1f} s" if avatar.idle else "–"
        cells = (avatar.name, f"{width} × {height}", idle, avatar.created[:10])
        table.add_row(*map(Text, cells))
    if found:
        _out.print(table)
        _say(f"They are stored in {library.root}")
    else:
        _say("You have no avatars yet. Create one: avatar-app avatars add PHOTO")
    print_notices(_err, notices)
    return 0


@avatars.command()
def remove(name: AvatarName) -> int:
    """Delete an avatar and its files."""
    from avatar_app.avatars.library import AvatarLibrary
    from avatar_app.system.paths import app_paths

    AvatarLibrary.of(app_paths()).remove(name)
    _say(f"The avatar {name} was removed.")
    return 0


@avatars.command()
def export(name: AvatarName, output: Target) -> int:
    """Write an avatar to one .avatar file, to use it elsewhere."""
    from avatar_app.avatars.archive import SUFFIX, export_avatar
    from avatar_app.avatars.library import AvatarLibrary
    from avatar_app.system.paths import app_paths

    target = output if output.suffix == SUFFIX else output.with_name(output.name + SUFFIX)
    export_avatar(AvatarLibrary.of(app_paths()).folder(name), target)
    _say(f"The avatar {name} was written to {target}")
    return 0


def _say(line: str) -> None:
    """Print as plain text: no markup, no line breaks."""
    _out.print(line, soft_wrap=True)
