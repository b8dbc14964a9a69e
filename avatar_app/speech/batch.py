"""Many texts to sound files: failures are reported and tried with other voices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from avatar_app.core.emotions import EMOTIONS
from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.core.turn import Turn
from avatar_app.media.sound_writer import check_bit_rate, check_rate, format_of
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.speech.text_to_speech import TTSEngine, WrittenSpeech, check_text


@dataclass(frozen=True, slots=True)
class VoiceAttempt:
    """An engine and how it speaks; None: as its options say."""

    choice: EngineChoice
    speaker: str | None = None
    language: str | None = None
    speed: float | None = None

    @property
    def name(self) -> str:
        """As a reader sees it: `espeak`, or `espeak:m1`."""
        return f"{self.choice.engine}:{self.speaker}" if self.speaker else self.choice.engine


@dataclass(frozen=True, slots=True)
class VoiceFailure:
    """Why a voice could not say a text."""

    voice: str
    """`VoiceAttempt.name`; empty where the text itself cannot be said by any voice."""
    message: str
    hint: str = ""

    def __str__(self) -> str:
        said = f"{self.message} {self.hint}".strip()
        return f"{self.voice}: {said}" if self.voice else said


@dataclass(frozen=True, slots=True)
class BatchSpeech:
    """What became of one text."""

    number: int
    """Its place among the texts, from 1."""
    text: str
    speech: WrittenSpeech | None
    """None: no voice could say it."""
    voice: str = ""
    """The name of the attempt that succeeded."""
    failures: tuple[VoiceFailure, ...] = ()
    """Those before it, in order."""

    def as_json(self) -> dict[str, Any]:
        speech = self.speech
        return {
            "number": self.number,
            "text": self.text,
            "path": str(speech.path) if speech else None,
            "seconds": speech.seconds if speech else None,
            "voice": self.voice or None,
            "failures": [asdict(failure) for failure in self.failures],
        }


class TTSBatch:
    """Voices for many texts, each loaded when it is first needed; a context manager.

    A script that uses one needs `if __name__ == "__main__":`, as for TTSStreamer.
    """

    def __init__(self, attempts: Sequence[VoiceAttempt], registry: Registry | None = None) -> None:
        """`attempts`: the voice of the texts, then those for texts that the ones before could not
        say. Raises ConfigInvalid without any."""
        if not attempts:
            raise ConfigInvalid("No voice was chosen.", "Give at least one.")
        self._attempts, self._registry = tuple(attempts), registry or Registry()
        self._engines: list[tuple[EngineChoice, TTSEngine | AvatarError]] = []

    def synthesize(
        self,
        texts: Iterable[str],
        folder: Path | str,
        format: str = "wav",
        sample_rate: int = 24_000,
        bit_rate: int | None = None,
        turn: Turn | None = None,
    ) -> Iterator[BatchSpeech]:
        """Write each text to a file of its number, `001.wav` and so on, and yield what became of
        it. A `turn` that is cancelled ends it; the files that are complete stay.

        Raises ConfigInvalid for a format or rate that cannot be written, before anything is said.
        """
        ending = format_of(Path(), format)
        check_rate(sample_rate, ending)
        check_bit_rate(bit_rate, sample_rate, ending)
        into, turn = Path(folder), turn or Turn(0)

        def each(number: int, text: str) -> BatchSpeech:
            path = into / f"{number:03d}.{ending}"
            return self._spoken(
                number, text, path, turn, sample_rate=sample_rate, bit_rate=bit_rate
            )

        return (each(number, text) for number, text in enumerate(texts, 1))

    def close(self) -> None:
        for _, engine in self._engines:
            if isinstance(engine, TTSEngine):
                engine.close()
        self._engines.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spoken(self, number: int, text: str, path: Path, turn: Turn, **form: Any) -> BatchSpeech:
        try:
            check_text(text, EMOTIONS)
        except AvatarError as error:
            failure = VoiceFailure("", error.message, error.hint)
            return BatchSpeech(number, text, None, failures=(failure,))
        failures: list[VoiceFailure] = []
        for attempt in self._attempts:
            turn.check()
            try:
                engine = self._engine(attempt.choice)
                manner = (attempt.speaker, attempt.language)
                speech = engine.synthesize(
                    text, path, *manner, speed=attempt.speed, turn=turn, **form
                )
            except AvatarError as error:
                failures.append(VoiceFailure(attempt.name, error.message, error.hint))
                continue
            return BatchSpeech(number, text, speech, attempt.name, tuple(failures))
        return BatchSpeech(number, text, None, failures=tuple(failures))

    def _engine(self, choice: EngineChoice) -> TTSEngine:
        """Return the loaded engine; what its loading raised is raised again at once."""
        known = next((engine for other, engine in self._engines if other == choice), None)
        if known is None:
            known = self._loaded(choice)
            self._engines.append((choice, known))
        if isinstance(known, AvatarError):
            raise known
        return known

    def _loaded(self, choice: EngineChoice) -> TTSEngine | AvatarError:
        engine = None
        try:
            engine = TTSEngine(choice, self._registry)
            engine.wait_ready()
        except AvatarError as error:
            if engine is not None:
                engine.close()
            return error
        return engine
