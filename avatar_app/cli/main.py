"""The command line: one function per command, each of which imports its implementation when run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from avatar_app.cli.agents import agents
from avatar_app.cli.avatars import avatars
from avatar_app.cli.console import busy, check_mark, has_display, plain_console
from avatar_app.cli.extras import extras
from avatar_app.cli.facts import facts
from avatar_app.cli.fit import fit
from avatar_app.cli.history import history
from avatar_app.cli.listings import devices, engines
from avatar_app.cli.mcp import mcp
from avatar_app.cli.memory import memory
from avatar_app.cli.models import models
from avatar_app.cli.network import guard_network
from avatar_app.cli.notices import print_notices, print_warning
from avatar_app.cli.renamed import print_renamed
from avatar_app.cli.render import render
from avatar_app.cli.serve import serve
from avatar_app.cli.servers import servers
from avatar_app.cli.settings import settings as settings_commands
from avatar_app.cli.setup import setup
from avatar_app.cli.speak import speak
from avatar_app.cli.stats import stats
from avatar_app.cli.studio import studio
from avatar_app.cli.tools import tools
from avatar_app.cli.update import update
from avatar_app.cli.usage import add_version_option, show_usage_error
from avatar_app.cli.voices import voices
from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.core.events import Noticed

app = typer.Typer(
    help="Talk with a face: private, local, nothing to download.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
add_version_option(app)
TALK, FILM, KEEP, MACHINE = "Talk", "Films and sound", "Faces, voices, models", "This machine"
"""The panels in which the commands are listed."""
out = plain_console()
err = plain_console(stderr=True)

Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Change a setting, for example face.options.fps=25."
    ),
]


def run_command_line() -> int:
    """Run the command that `sys.argv` names; returns the exit status."""
    guard_network()
    try:
        status = app(standalone_mode=False)
    except AvatarError as error:
        err.print(error.message, style="bold red")
        if error.hint:
            err.print(error.hint)
        return 1
    except typer.TyperException as error:
        show_usage_error(err, error)
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return 130
    return status if isinstance(status, int) else 0


@app.command(rich_help_panel=TALK)
def run(
    file: Annotated[
        Path | None, typer.Argument(help="An .avatar file, photo or clip to add and show.")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep all data there, beside another instance."),
    ] = None,
    *,
    virtual_camera: Annotated[
        bool, typer.Option("--virtual-camera", help="Let other programs see the avatar.")
    ] = False,
    virtual_microphone: Annotated[
        bool, typer.Option("--virtual-microphone", help="Let other programs hear the avatar.")
    ] = False,
    settings: Assignments = None,
) -> int:
    """Open the window and talk. Without a display, write a demonstration film instead."""
    from avatar_app.cli.window import check_file, open_window, use_data_folder

    use_data_folder(data_dir)
    file = check_file(file, has_window=has_display())
    if not has_display():
        out.print("No display found; writing a film of a conversation instead.")
        return demo(settings=settings)
    switches = {"camera": virtual_camera, "microphone": virtual_microphone}
    shared = [f"video_call.{name}=true" for name, wanted in switches.items() if wanted]
    return open_window(file, [*(settings or []), *shared])


@app.command(rich_help_panel=FILM)
def demo(
    output: Annotated[
        Path | None, typer.Option(help="The mp4 to write; default: your videos folder.")
    ] = None,
    settings: Assignments = None,
) -> int:
    """Run a conversation without microphone or display and write it to an mp4."""
    from avatar_app.session.offline.demo import film_demo
    from avatar_app.system.paths import app_paths

    loaded, notices = _settings(settings)
    print_notices(err, notices)
    paths = app_paths()
    path = output or paths.videos / "avatar-demo.mp4"
    with busy(err, "Preparing …") as tell_status:
        report = film_demo(loaded, paths, path, lambda text: tell_status(f"The user says: {text}"))
    for sentence in report["notices"]:
        print_warning(err, sentence)
    out.print(f"The film is {path}", soft_wrap=True)
    return 0


@app.command(hidden=True)
def say(
    text: Annotated[str, typer.Argument(help="The text to say, in quotes.")],
    output: Annotated[Path, typer.Option(help="The mp4 to write.")],
    settings: Assignments = None,
) -> int:
    """Let the avatar say something, and film it."""
    print_renamed("say TEXT", "render --text TEXT")
    return render(output, text=text, settings=settings)


@app.command(rich_help_panel=TALK)
def converse(
    recordings: Annotated[
        list[Path],
        typer.Option("--input", help="A recording of the user; can be repeated."),
    ],
    output: Annotated[Path | None, typer.Option(help="The mp4 to write.")] = None,
    report: Annotated[Path | None, typer.Option(help="The JSON report to write.")] = None,
    barge_in_at: Annotated[
        float | None,
        typer.Option(min=0.0, help="Seconds into an answer at which the next recording begins."),
    ] = None,
    settings: Assignments = None,
) -> int:
    """Play recordings into a conversation as its microphone; film and measure it."""
    from avatar_app.render.rendering import check_output
    from avatar_app.session.offline.recordings import play_recordings as hold
    from avatar_app.session.offline.recordings import read_lines
    from avatar_app.system.paths import app_paths

    loaded, notices = _settings(settings)
    print_notices(err, notices)
    if output is not None:
        check_output(output, *recordings)
    lines = read_lines(recordings)
    with busy(err, "Preparing …") as tell_status:
        result = hold(
            loaded,
            app_paths(),
            lines,
            output,
            barge_in_at,
            lambda source: tell_status(f"Playing {source}"),
        )
    for sentence in result["notices"]:
        print_warning(err, sentence)
    text = json.dumps(result, indent=2, ensure_ascii=False)
    if report is None:
        typer.echo(text)
    else:
        _write(report, text)
    return 0


@app.command(rich_help_panel=MACHINE)
def doctor(settings: Assignments = None) -> int:
    """Check devices, engines and a whole conversation, with advice on what is wrong."""
    from avatar_app.diagnostics.doctor import examine
    from avatar_app.system.paths import app_paths

    loaded, notices = _settings(settings)
    print_notices(err, notices)
    healthy = True
    for finding in examine(loaded, app_paths()):
        healthy = healthy and finding.ok
        mark = check_mark(passed=finding.ok)
        out.print(Text.assemble(mark, f" {finding.text}"))
        if finding.remedy:
            out.print(f"  → {finding.remedy}", style="yellow")
    return 0 if healthy else 1


@app.command(rich_help_panel=MACHINE)
def bench(
    name: Annotated[
        str | None, typer.Argument(help="The benchmark to run; omit it to list all.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quick: Annotated[bool, typer.Option(help="Fewer rounds and less precise figures.")] = False,
    face: Annotated[
        str | None,
        typer.Option(help="For av-sync, face, realtime, soak: wav2lip, photo or …"),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="For real, realtime, serve, soak.")
    ] = None,
    load: Annotated[int | None, typer.Option(min=1, help="For real: busy processes.")] = None,
    utterances: Annotated[
        int | None, typer.Option(min=20, help="For soak: number of turns.")
    ] = None,
    recordings: Annotated[str | None, typer.Option(help="For turn-end, wake: a folder.")] = None,
    settings: Assignments = None,
) -> int:
    """Measure how fast and how well the program works on this machine."""
    from avatar_app.bench import FORMER_NAMES, run_bench, show_table

    if name is None:
        from avatar_app.cli.tables import bench_table

        out.print(bench_table())
        return 0
    if present := FORMER_NAMES.get(name):
        print_renamed(f"bench {name}", f"bench {present}")
        name = present
    loaded, notices = _settings(settings)
    print_notices(err, notices)
    with busy(err, f"Measuring {name} …"):
        chosen = {"face": face, "minutes": minutes, "load": load, "utterances": utterances}
        result = run_bench(name, loaded, quick=quick, recordings=recordings, **chosen)
    if as_json:
        typer.echo(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        show_table(result, out)
    return 0 if result.ok else 1


app.command(rich_help_panel=TALK)(setup)
app.command(rich_help_panel=FILM)(render)
app.command(rich_help_panel=FILM)(speak)
app.add_typer(studio, name="studio", rich_help_panel=FILM)
app.add_typer(serve, name="serve", rich_help_panel=TALK)
app.add_typer(history, name="history", rich_help_panel=TALK)
app.add_typer(facts, name="facts", rich_help_panel=KEEP)
app.add_typer(agents, name="agents", rich_help_panel=KEEP)
app.add_typer(tools, name="tools", rich_help_panel=KEEP)
app.add_typer(mcp, name="mcp", rich_help_panel=KEEP)
app.add_typer(avatars, name="avatars", rich_help_panel=KEEP)
app.add_typer(voices, name="voices", rich_help_panel=KEEP)
app.add_typer(models, name="models", rich_help_panel=KEEP)
app.add_typer(extras, name="extras", rich_help_panel=KEEP)
app.add_typer(servers, name="servers", rich_help_panel=KEEP)
app.add_typer(settings_commands, name="settings", rich_help_panel=KEEP)
app.command(rich_help_panel=MACHINE)(devices)
app.command(rich_help_panel=MACHINE)(engines)
app.command(rich_help_panel=MACHINE)(fit)
app.command(rich_help_panel=MACHINE)(memory)
app.command(rich_help_panel=MACHINE)(stats)
app.command(rich_help_panel=MACHINE)(update)


@app.command(hidden=True)
def screenshots(folder: Path) -> int:
    """Create the pictures for the documentation."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from avatar_app.cli.screenshots import shoot_all

    for path in shoot_all(folder):
        out.print(str(path), soft_wrap=True)
    return 0


def _settings(assignments: list[str] | None) -> tuple[Any, tuple[Noticed, ...]]:
    from avatar_app.settings.loading import load_settings, parse_overrides

    return load_settings(overrides=parse_overrides(assignments or []))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigInvalid(
            f"The report {path} cannot be written: {error.strerror}.", "Choose another folder."
        ) from error
