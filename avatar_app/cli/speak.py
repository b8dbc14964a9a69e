"""The `speak` command: writes texts to sound files in any installed voice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avatar_app.cli.console import busy, plain_console
from avatar_app.cli.notices import print_notices
from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.system.text_encoding import decoded

if TYPE_CHECKING:
    from avatar_app.settings.schema import Settings
    from avatar_app.speech.batch import BatchSpeech, VoiceAttempt

_out = plain_console()
_err = plain_console(stderr=True)

Texts = Annotated[
    list[str] | None,
    typer.Argument(help="The text to say; several are written into a folder.", metavar="[TEXT]..."),
]
TextFile = Annotated[
    Path | None, typer.Option("--texts", help="A file with a text on each line; - reads input.")
]
Output = Annotated[
    Path | None,
    typer.Option(help="The wav, mp3, ogg or flac to write; a folder for several texts."),
]
EngineName = Annotated[
    str | None, typer.Option(help="The engine; `avatar-app engines` lists them.")
]
VoiceName = Annotated[str | None, typer.Option(help="The speaker; --list shows the names.")]
Language = Annotated[str | None, typer.Option(help="The language, such as en-us or de.")]
Speed = Annotated[float | None, typer.Option(help="0.5 to 2; normal is 1.")]
Rate = Annotated[int, typer.Option(help="Samples per second, 16000 to 48000.")]
BitRate = Annotated[
    int | None,
    typer.Option(help="Of an mp3 in kbit/s, 128 to 320; above 160 it needs --rate 44100."),
]
Retry = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ENGINE[:VOICE]",
        help="For several texts: the voice of those that failed; can be repeated.",
    ),
]
Format = Annotated[str, typer.Option(help="For several texts: wav, mp3, ogg or flac.")]
Listing = Annotated[bool, typer.Option("--list", help="List the speakers and write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Change a setting, for example tts.options.pitch=2."
    ),
]


@dataclass(frozen=True, slots=True)
class _Form:
    """How files are written."""

    format: str
    rate: int
    bit_rate: int | None


def speak(
    texts: Texts = None,
    text_file: TextFile = None,
    output: Output = None,
    engine: EngineName = None,
    voice: VoiceName = None,
    language: Language = None,
    speed: Speed = None,
    rate: Rate = 24_000,
    bit_rate: BitRate = None,
    retry: Retry = None,
    format: Format = "wav",
    *,
    list_voices: Listing = False,
    as_json: AsJson = False,
    settings: Assignments = None,
) -> int:
    """Write a spoken text to a sound file, or several to a folder.

    Of several texts, those that a voice cannot say are reported, and tried with the next
    --retry; the others are kept.
    """
    from avatar_app.settings.loading import load_settings, parse_overrides
    from avatar_app.speech.batch import VoiceAttempt

    chosen = {} if engine is None else {"tts.engine": engine}
    loaded, notices = load_settings(overrides=chosen | parse_overrides(settings or []))
    print_notices(_err, notices)
    if output is None and not list_voices:
        raise ConfigInvalid("No output file given.", "Give --output FILE.mp3, or --list.")
    first = VoiceAttempt(loaded.tts, voice, language, speed)
    if list_voices:
        return _list(first, as_json=as_json)
    assert output is not None
    wanted, form = list(texts or []), _Form(format, rate, bit_rate)
    if text_file is None and len(wanted) < 2:
        return _one("".join(wanted), output, first, form, as_json=as_json)
    if text_file is not None:
        wanted += _read(text_file)
    others = [_other(each, loaded, language, speed) for each in retry or []]
    return _many(wanted, output, [first, *others], form, as_json=as_json)


def _list(attempt: VoiceAttempt, *, as_json: bool) -> int:
    from avatar_app.speech.text_to_speech import TTSEngine

    with busy(_err, "Loading …"), TTSEngine(attempt.choice) as tts:
        names = tts.list_speakers()
    typer.echo(json.dumps(names) if as_json else "\n".join(names))
    return 0


def _one(text: str, output: Path, attempt: VoiceAttempt, form: _Form, *, as_json: bool) -> int:
    from avatar_app.speech.text_to_speech import TTSEngine

    with busy(_err, "Speaking …"), TTSEngine(attempt.choice) as tts:
        written = tts.synthesize(
            text,
            output,
            attempt.speaker,
            attempt.language,
            sample_rate=form.rate,
            speed=attempt.speed,
            bit_rate=form.bit_rate,
        )
    if as_json:
        report = {"path": str(written.path), "seconds": written.seconds, "sample_rate": form.rate}
        typer.echo(json.dumps(report))
    else:
        _out.print(f"The speech is {output}", soft_wrap=True)
    return 0


def _many(
    texts: list[str], folder: Path, attempts: list[VoiceAttempt], form: _Form, *, as_json: bool
) -> int:
    """Return 1 where a text could not be said."""
    from avatar_app.speech.batch import TTSBatch

    done: list[BatchSpeech] = []
    with busy(_err, "Speaking …") as tell_status, TTSBatch(attempts) as batch:
        for each in batch.synthesize(texts, folder, form.format, form.rate, form.bit_rate):
            tell_status(f"Speaking {each.number + 1} of {len(texts)} …")
            done.append(each)
    failed = [each for each in done if each.speech is None]
    if as_json:
        report = {"texts": [each.as_json() for each in done], "failed": len(failed)}
        typer.echo(json.dumps(report, ensure_ascii=False))
        return 1 if failed else 0
    for each in done:
        for failure in each.failures:
            outcome = f"said by {each.voice}" if each.speech else "not said"
            _err.print(f"Text {each.number} ({outcome}): {failure}", style="yellow", soft_wrap=True)
    said = len(done) - len(failed)
    _out.print(f"{said} of {len(done)} texts are in {folder}", soft_wrap=True)
    return 1 if failed else 0


def _read(path: Path) -> list[str]:
    """Return the lines that are not empty."""
    is_input = str(path) == "-"
    try:
        content = typer.get_binary_stream("stdin").read() if is_input else path.read_bytes()
    except OSError as error:
        raise InputInvalid(
            f"The texts in {path} cannot be read.",
            "Give a text file in UTF-8, a text on each line.",
        ) from error
    lines = decoded(content, "the input" if is_input else str(path)).splitlines()
    if texts := [line.strip() for line in lines if line.strip()]:
        return texts
    raise InputInvalid(f"There is no text in {path}.", "Write one on each line.")


def _other(named: str, loaded: Settings, language: str | None, speed: float | None) -> VoiceAttempt:
    """Return the voice of a --retry; the engine of the settings keeps its options."""
    from avatar_app.settings.schema import EngineChoice
    from avatar_app.speech.batch import VoiceAttempt

    engine, _, speaker = named.partition(":")
    choice = loaded.tts if engine == loaded.tts.engine else EngineChoice(engine=engine)
    return VoiceAttempt(choice, speaker or None, language, speed)
