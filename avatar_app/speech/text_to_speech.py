"""Text to speech for files and streams, in any installed voice."""

from __future__ import annotations

import warnings
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

from avatar_app.core.emotions import without_emotions
from avatar_app.core.engines import HasSpeakers
from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, SpeechChunk
from avatar_app.engines.hosting.host import Host
from avatar_app.engines.tts.speech.phrases import clean
from avatar_app.media.sound_writer import check_bit_rate, check_rate, format_of, write_speech
from avatar_app.models.resolve import OPTION, with_installed_model, with_model_path
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.settings.renamed import READ_UNTIL, current_options
from avatar_app.settings.schema import EngineChoice
from avatar_app.speech.streaming import in_phonemes, read_ahead
from avatar_app.voices.resolve import with_open_voice


@dataclass(frozen=True, slots=True)
class WrittenSpeech:
    """The result of synthesizing a text."""

    path: Path
    seconds: float
    sample_rate: int


class TTSStreamer:
    """A voice, loaded once; a context manager.

    Some voices run in a process of their own, which first imports the script that uses them, so a
    script's work belongs below `if __name__ == "__main__":`.
    """

    def __init__(
        self,
        choice: EngineChoice,
        registry: Registry | None = None,
        *,
        chunk_size: int = 0,
        buffer_size: int = 0,
    ) -> None:
        """`chunk_size`: phonemes in a chunk of a stream; 0 leaves them to the voice (half a second
        or more). `buffer_size`: chunks of the voice that are synthesized ahead in a thread; 0
        synthesizes each when it is asked for. Raises ConfigInvalid."""
        self._chunk_size = _count("chunk_size", chunk_size)
        self._buffer_size = _count("buffer_size", buffer_size)
        self.registry = registry or Registry()
        self.manifest = self.registry.find(Kind.TTS, choice.engine)
        options = choice.options
        if self.registry.is_builtin(self.manifest):
            options = _current(choice)
        self._chosen = self.manifest.checked(options)
        if not options.get(OPTION):
            paths = self.registry.paths
            self._chosen = with_installed_model(self._chosen, self.manifest, paths)
        self._voice: Any = create_engine(self.registry, self.manifest, options)

    def synthesize_stream(
        self,
        text: str,
        speaker: str | None = None,
        language: str | None = None,
        speed: float | None = None,
        turn: Turn | None = None,
    ) -> Iterator[SpeechChunk]:
        """Yield the speech as it is synthesized, with its words; `turn` cancels it.

        `speaker` may be a cloned voice. Raises ConfigInvalid for a speaker, language or speed that
        the voice does not have, InputInvalid for a text without anything to say and for a cloned
        voice without consent.
        """
        check_text(text, self.manifest.emotions)
        asked = options_for(self.manifest, speaker, language, speed)
        return self._speech(text, asked, turn or Turn(0))

    def _speech(self, text: str, asked: dict[str, Any], turn: Turn) -> Iterator[SpeechChunk]:
        usual = {name: self._chosen[name] for name in _VARYING & set(self._chosen)}
        self._voice.configure(**with_open_voice(usual | asked, self.manifest, self.registry.paths))
        speak, ahead = partial(self._voice.speak, text), self._buffer_size
        chunks = read_ahead(speak, ahead, turn) if ahead else speak(turn)
        yield from in_phonemes(chunks, self._chunk_size) if self._chunk_size else chunks

    def list_speakers(self) -> tuple[str, ...]:
        """Return the possible names for `speaker`."""
        options = with_model_path(dict(self._chosen), self.manifest, self.registry.paths)
        engine = self.registry.load_class(self.manifest)
        return tuple(engine.speakers(**options)) if isinstance(engine, HasSpeakers) else ()

    def wait_ready(self) -> None:
        """Block until the voice is loaded; raises what loading it raised."""
        if isinstance(self._voice, Host):
            self._voice.wait_ready()

    def close(self) -> None:
        self._voice.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class TTSEngine(TTSStreamer):
    """A voice that can also write files.

    A script that uses one needs `if __name__ == "__main__":`, as for TTSStreamer.
    """

    def synthesize(
        self,
        text: str,
        output_path: Path | str,
        speaker: str | None = None,
        language: str | None = None,
        format: str | None = None,
        sample_rate: int = 24_000,
        speed: float | None = None,
        turn: Turn | None = None,
        bit_rate: int | None = None,
    ) -> WrittenSpeech:
        """Write `text` to a file: wav, mp3, ogg or flac, by default according to its extension.

        `sample_rate`: 16,000 to 48,000. `bit_rate`: of an mp3, 128 to 320 kbit/s; more than 160
        need 32,000 samples per second. Raises InputInvalid for a text without anything to say or
        where the file cannot be written, ConfigInvalid for what the voice or the format does not
        support.
        """
        check_text(text, self.manifest.emotions)
        path = Path(output_path)
        written = format_of(path, format)
        check_rate(sample_rate, written)
        check_bit_rate(bit_rate, sample_rate, written)
        chunks = self.synthesize_stream(text, speaker, language, speed, turn)
        seconds = write_speech(_sound(chunks), path, written, sample_rate, bit_rate)
        return WrittenSpeech(path, seconds, sample_rate)


def check_text(text: str, emotions: Container[str] = ()) -> None:
    """Raise InputInvalid for anything but text, or for a text without anything to say.
    `emotions`: those that the voice makes."""
    if not isinstance(text, str):
        raise InputInvalid(f"{type(text).__name__} is not text.", "Give a str.")
    if not any(map(clean, without_emotions(text, emotions).split())):
        raise InputInvalid("There is nothing to say.", "Give a text with at least one word.")


def options_for(
    manifest: Manifest, speaker: str | None, language: str | None, speed: float | None
) -> dict[str, Any]:
    """Return the request as options of the engine. Raises ConfigInvalid for options it lacks."""
    options = {option.name: option for option in manifest.options}
    speaks = next((names for sign, names in _FORMER.items() if sign in options), _SPEAKER)
    asked = {speaks[0]: speaker, speaks[1]: language, "speed": speed}
    given = {name: value for name, value in asked.items() if value is not None}
    if missing := set(given) - set(options):
        raise ConfigInvalid(
            f"{manifest.title} has no {' or '.join(sorted(missing))}.", "Leave it out."
        )
    flags = dict(zip(asked, ("voice", "language", "speed"), strict=True))
    return {name: replace(options[name], name=flags[name]).check(given[name]) for name in given}


def _count(name: str, number: int) -> int:
    if not isinstance(number, int) or not 0 <= number <= _MOST:
        raise ConfigInvalid(f"{name} cannot be {number!r}.", f"Give a whole number up to {_MOST}.")
    return number


def _current(choice: EngineChoice) -> dict[str, Any]:
    """Return the options by their present names; a program that uses former ones is warned."""
    options = current_options(Kind.TTS, choice.engine, choice.options)
    if options != choice.options:
        warnings.warn(
            f"Options of {choice.engine} have other names now: write {options}, as the former ones "
            f"are read until version {READ_UNTIL}.",
            DeprecationWarning,
            stacklevel=3,
        )
    return options


_MOST = 1000
"""Phonemes of a chunk, or chunks that are synthesized ahead."""
_SPEAKER = ("voice", "language")
"""The options for speaker and language."""
_FORMER = {"variant": ("variant", "voice"), "speaker": ("speaker", "language")}
"""Former names of these in users' engines of version 0.1, by an option that only such
engines have."""
_VARYING = {"voice", "variant", "speaker", "language", "speed"}
"""Options that one call may set and the next restores."""


def _sound(chunks: Iterator[SpeechChunk]) -> Iterator[AudioChunk]:
    for chunk in chunks:
        yield chunk.audio
