"""The `voices` commands: clone a voice with its speaker's consent, list, remove and revoke."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.table import Table
from rich.text import Text

from avatar_app.cli.console import busy, check_mark, plain_console
from avatar_app.cli.notices import print_notices
from avatar_app.cli.renamed import keep_former_name

if TYPE_CHECKING:
    from avatar_app.core.jobs import Job
    from avatar_app.settings.schema import Settings

T = TypeVar("T")

voices = typer.Typer(
    help="Voices cloned from a recording, with their speaker's consent.", no_args_is_help=True
)
_out = plain_console()
_err = plain_console(stderr=True)


def _folder_name(name: str) -> str:
    from avatar_app.system.named_folders import folder_name

    return folder_name(name)


Reference = Annotated[
    Path | None,
    typer.Argument(
        help="3 to 30 seconds of the speaker; omit it to record that too with --record."
    ),
]
Name = Annotated[str, typer.Option("--name", help="The voice's name.", callback=_folder_name)]
VoiceName = Annotated[str, typer.Argument(callback=_folder_name)]
Consent = Annotated[
    Path | None, typer.Option("--consent", help="The sentence, as its speaker read it.")
]
Record = Annotated[bool, typer.Option("--record", help="Read the sentence into the microphone.")]


@voices.command()
def clone(
    name: Name, reference: Reference = None, consent: Consent = None, *, record: Record = False
) -> int:
    """Clone a voice from a recording, once its speaker has read a freshly drawn sentence."""
    from avatar_app.core.errors import ConfigInvalid
    from avatar_app.system.paths import app_paths
    from avatar_app.voices.library import VoiceLibrary

    if consent is not None and record:
        raise ConfigInvalid("--consent and --record exclude each other.", "Leave one out.")
    if reference is None and not record:
        raise ConfigInvalid("No recording given for the voice.", "Name a file, or use --record.")
    VoiceLibrary.of(app_paths()).check_free(name)
    settings = _settings()
    with TemporaryDirectory(prefix="avatar-") as folder:
        source = reference or _spoken_reference(Path(folder) / "reference.wav", settings)
        _judge(source)
        if consent is None:
            _show_sentence(name)
            if not record:
                command = f"avatar-app voices clone {source} --name {name} --consent RECORDING"
                _out.print(f"Record it within ten minutes, then type: {command}", soft_wrap=True)
                return 0
        _clone(name, source, consent, settings)
    return 0


def _clone(name: str, reference: Path, reading: Path | None, settings: Settings) -> None:
    from avatar_app.runtime.registry import Registry
    from avatar_app.speech.speech_to_text import transcriber_for
    from avatar_app.system.paths import app_paths
    from avatar_app.voices.cloning import cloning_job
    from avatar_app.voices.recording import open_microphone

    microphone = open_microphone(settings.audio.microphone)
    reader = transcriber_for(settings.asr, Registry())
    job = cloning_job(name, reference, reading, microphone, reader, app_paths())
    voice = _with_status(job)
    _out.print(f"The voice {name} is {voice.folder}", soft_wrap=True)
    use = f"avatar-app speak TEXT --output FILE --engine coqui --voice {name}"
    _out.print(f"Hear it with XTTS: {use} --set tts.options.model=xtts-v2", soft_wrap=True)


def _spoken_reference(path: Path, settings: Settings) -> Path:
    """Record speech from the microphone into a file."""
    from avatar_app.voices.recording import open_microphone, record_reference

    _out.print("Talk about something for about ten seconds, in your usual voice.")
    return _with_status(record_reference(path, open_microphone(settings.audio.microphone)))


@voices.command("consent-phrase")
def consent_phrase(name: VoiceName) -> int:
    """Draw the sentence that the speaker of a new voice must read within ten minutes."""
    _show_sentence(name)
    return 0


keep_former_name(voices, "voices sentence", "voices consent-phrase", consent_phrase)


@voices.command("list")
def list_all() -> int:
    """List the cloned voices, and which of them lack a valid consent."""
    from avatar_app.system.paths import app_paths
    from avatar_app.voices.library import VoiceLibrary

    library = VoiceLibrary.of(app_paths())
    found, notices = library.entries()
    table = Table("name", "reference", "consented", "folder", box=None)
    for voice in found:
        facts = f"{voice.seconds:.1f} s", voice.created[:10], str(voice.folder)
        table.add_row(voice.folder.name, *facts)
    print_notices(_err, notices)
    if found:
        _out.print(table)
    elif not notices:
        _out.print(f"You have no voices yet. {library.how_to_add}")
    return 0


@voices.command()
def remove(name: VoiceName) -> int:
    """Delete a cloned voice and its files."""
    from avatar_app.system.paths import app_paths
    from avatar_app.voices.library import VoiceLibrary

    VoiceLibrary.of(app_paths()).remove(name)
    _out.print(f"The voice {name} was removed.")
    return 0


@voices.command()
def revoke(name: VoiceName) -> int:
    """Revoke the speaker's consent: the voice is deleted, and no copy of it opens again."""
    from avatar_app.system.paths import app_paths
    from avatar_app.voices.library import VoiceLibrary

    VoiceLibrary.of(app_paths()).revoke(name)
    _out.print(f"The consent to the voice {name} was revoked; it is deleted.")
    return 0


def _judge(path: Path) -> None:
    """Show each check of the reference; raises InputInvalid where one fails."""
    from avatar_app.voices.cloning import raise_failed
    from avatar_app.voices.reference import checks, read_reference

    found = tuple(checks(read_reference(path)))
    for check in found:
        mark = check_mark(passed=check.passed)
        _out.print(Text.assemble(mark, f" {check.sentence}"))
    raise_failed(found)


def _show_sentence(name: str) -> None:
    from avatar_app.system.paths import app_paths
    from avatar_app.voices.cloning import ask

    _out.print("The speaker reads aloud:")
    text = ask(name, app_paths()).sentence.text
    _out.print(f"  {text}", style="bold", soft_wrap=True)


def _settings() -> Settings:
    from avatar_app.settings.loading import load_settings

    settings, notices = load_settings()
    print_notices(_err, notices)
    return settings


def _with_status(job: Job[T]) -> T:
    with busy(_err, "Listening …") as tell_status:
        job.when_progressed(lambda progress: tell_status(f"{progress.text} …"))
        return job.run()
