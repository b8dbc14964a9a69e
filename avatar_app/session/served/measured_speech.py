"""Measures each synthesis: when its first sound came, how long it took, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from avatar_app.core.engines import SpeechSynthesizer
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import SpeechChunk
from avatar_app.storage.syntheses import Synthesis


@dataclass(frozen=True, slots=True)
class SynthesisSubject:
    """What is synthesized, for whom."""

    client: str
    engine: str
    voice: str
    """Empty: the one of the settings."""
    characters: int = 0


def measured(
    speech: Iterator[SpeechChunk],
    subject: SynthesisSubject,
    note: Callable[[Synthesis], None],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[SpeechChunk]:
    """Yield the speech, and pass to `note` how it went when it is over."""
    begun, first_ms, seconds, outcome = clock(), None, 0.0, "failed"
    try:
        for chunk in speech:
            first_ms = first_ms or 1000 * (clock() - begun)
            seconds += chunk.audio.seconds
            yield chunk
        outcome = "finished"
    except (TurnCancelled, GeneratorExit):
        outcome = "cancelled"
        raise
    finally:
        total_ms = 1000 * (clock() - begun)
        of = (subject.client, subject.engine, subject.voice, subject.characters)
        note(Synthesis(*of, first_ms, total_ms, seconds, outcome))


class MeasuredVoice:
    """A `core.engines.SpeechSynthesizer` whose clauses are measured one by one."""

    def __init__(
        self,
        voice: SpeechSynthesizer,
        subject: SynthesisSubject,
        note: Callable[[Synthesis], None],
    ) -> None:
        self._voice, self._subject, self._note = voice, subject, note

    def configure(self, **options: Any) -> None:
        self._voice.configure(**options)

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        of_clause = replace(self._subject, characters=len(text))
        return measured(self._voice.speak(text, turn), of_clause, self._note)

    def close(self) -> None:
        self._voice.close()
