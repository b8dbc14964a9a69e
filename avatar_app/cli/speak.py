"""The `speak` command: writes a text to a sound file in any installed voice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from avatar_app.cli.console import busy, plain_console
from avatar_app.cli.notices import print_notices
from avatar_app.core.errors import ConfigInvalid

_out = plain_console()
_err = plain_console(stderr=True)

Text = Annotated[str, typer.Argument(help="The text to say.")]
Output = Annotated[Path | None, typer.Option(help="The wav, mp3, ogg or flac to write.")]
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
Listing = Annotated[bool, typer.Option("--list", help="List the speakers and write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Change a setting, for example tts.options.pitch=2."
    ),
]


def speak(
    text: Text = "",
    output: Output = None,
    engine: EngineName = None,
    voice: VoiceName = None,
    language: Language = None,
    speed: Speed = None,
    rate: Rate = 24_000,
    bit_rate: BitRate = None,
    *,
    list_voices: Listing = False,
    as_json: AsJson = False,
    settings: Assignments = None,
) -> int:
    """Write a spoken text to a sound file."""
    from avatar_app.settings.loading import load_settings, parse_overrides
    from avatar_app.speech.text_to_speech import TTSEngine

    chosen = {} if engine is None else {"tts.engine": engine}
    loaded, notices = load_settings(overrides=chosen | parse_overrides(settings or []))
    print_notices(_err, notices)
    if output is None and not list_voices:
        raise ConfigInvalid("No output file given.", "Give --output FILE.mp3, or --list.")
    with busy(_err, "Speaking …"), TTSEngine(loaded.tts) as tts:
        if list_voices:
            names = tts.list_speakers()
            typer.echo(json.dumps(names) if as_json else "\n".join(names))
            return 0
        assert output is not None
        written = tts.synthesize(
            text, output, voice, language, sample_rate=rate, speed=speed, bit_rate=bit_rate
        )
    if as_json:
        report = {"path": str(written.path), "seconds": written.seconds, "sample_rate": rate}
        typer.echo(json.dumps(report))
    else:
        _out.print(f"The speech is {output}", soft_wrap=True)
    return 0
