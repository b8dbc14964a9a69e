"""Understands speech in any language while it is spoken: Whisper, through faster-whisper."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, Transcript
from avatar_app.engines.asr.whisper.agreement import Agreement
from avatar_app.engines.asr.whisper.decoding import Hypothesis, Wanted, decode
from avatar_app.engines.asr.whisper.loading import load, translated
from avatar_app.engines.asr.whisper.sound import Sound

FIRST_LOOK = 0.7
"""Seconds of sound before the first hypothesis."""
STEP = 0.5
"""Seconds of sound between two hypotheses, where they come quickly enough."""
AIR = 1.6
"""A hypothesis that takes a second is followed by so many seconds of sound: the engine never falls
behind the speaker, and leaves time to the others."""
PAUSE = 0.15
"""Seconds of quiet after which the final text is worked out, in case that was all."""
SHORTEST = 0.15
"""Seconds of sound that may hold a word."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """The options of the manifest."""

    model: str = ""
    language: str = "auto"
    device: str = "auto"
    compute: str = "auto"
    beam: int = 2
    threads: int = 2
    voice_filter: bool = True
    word_times: bool = True
    prompt: str = ""
    hotwords: str = ""

    @property
    def network(self) -> tuple[Any, ...]:
        """What takes seconds to change."""
        return self.model, self.device, self.compute, self.threads

    def wanted(self, before: str) -> Wanted:
        """`before`: what the speaker said until now."""
        return Wanted(
            None if self.language == "auto" else self.language,
            self.beam,
            self.voice_filter,
            self.word_times,
            f"{self.prompt} {before}".strip(),
            self.hotwords,
        )


class WhisperRecognizer:
    """A `core.engines.Recognizer` (Radford et al.: Robust Speech Recognition via Large-Scale Weak
    Supervision, 2022; https://github.com/SYSTRAN/faster-whisper).

    Words are shown as soon as two hypotheses agree on them. In a pause the final text is worked out
    before it is known that the speaker has ended: it is there when the end is certain, and thrown
    away if the speaker goes on.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._using = threading.Lock()  # a hypothesis may be wanted while the model is exchanged
        self._model = _loaded(self._choices)
        self._said = _Said()

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        with self._using:
            if choices.network != self._choices.network:
                self._model = None  # two models at once might not fit
                self._model = _loaded(choices)
            self._choices = choices

    def close(self) -> None:
        self._model = None

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        wanted = self._choices.wanted(self._said.before(turn))
        utterance = _Utterance(self._decode, wanted)
        for chunk in audio:
            turn.check()
            if utterance.hear(chunk):
                yield Transcript(utterance.text)
        turn.check()
        final = utterance.final()
        self._said.add(turn, final.text)
        yield Transcript(final.text, True, final.confidence, final.words)

    def _decode(self, sound: Sound, wanted: Wanted, final: bool) -> Hypothesis:
        try:
            with self._using:
                return decode(self._model, sound.samples, wanted, final=final)
        except (RuntimeError, MemoryError) as error:
            raise translated(error, Path(self._choices.model)) from error


class _Utterance:
    """One recognition: decides when to look for words."""

    def __init__(self, decode: Any, wanted: Wanted) -> None:
        self._decode, self._wanted = decode, wanted
        self._sound = Sound()
        self._agreement = Agreement()
        self._next_look = FIRST_LOOK
        self._guess: Hypothesis | None = None
        self._guessed_until = -1

    @property
    def text(self) -> str:
        """What is agreed on."""
        return " ".join(self._agreement.agreed)

    def hear(self, chunk: AudioChunk) -> bool:
        """Take the next block; whether more words are agreed on."""
        sound = self._sound
        sound.add(chunk)
        if sound.seconds < SHORTEST or self._guessed_until == sound.voice_end:
            return False
        if sound.voice_end and sound.quiet_seconds >= PAUSE:
            return self._look(final=True)
        if sound.seconds >= self._next_look:
            return self._look(final=False)
        return False

    def final(self) -> Hypothesis:
        """The text of the whole; at once, where it was worked out in the pause before the end."""
        if self._guessed_until != self._sound.voice_end and self._sound.seconds >= SHORTEST:
            self._look(final=True)
        return self._guess or Hypothesis()

    def _look(self, *, final: bool) -> bool:
        began = time.perf_counter()
        found = self._decode(self._sound, self._wanted, final)
        took = time.perf_counter() - began
        self._next_look = self._sound.seconds + max(STEP, AIR * took)
        if final:
            self._guess, self._guessed_until = found, self._sound.voice_end
        return self._agreement.add(found.text.split())


class _Said:
    """What was said before the pause: the same sentence goes on in the turn of the same number."""

    def __init__(self) -> None:
        self._turn, self._text = -1, ""

    def before(self, turn: Turn) -> str:
        return self._text if turn.id == self._turn else ""

    def add(self, turn: Turn, text: str) -> None:
        self._text = f"{self.before(turn)} {text}".strip()
        self._turn = turn.id


def _loaded(choices: _Choices) -> Any:
    return load(Path(choices.model).expanduser(), choices.device, choices.compute, choices.threads)
