"""The VibeVoice engine: speaks passages of whole sentences, and streams from their first words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from avatar_app.core.home import expanded
from avatar_app.core.turn import Turn
from avatar_app.core.values import SpeechChunk
from avatar_app.engines.tts.speech.chunks import Spoken
from avatar_app.engines.tts.speech.manner import in_manner
from avatar_app.engines.tts.speech.numerals import spell_out
from avatar_app.engines.tts.speech.phrases import LONGEST_PHRASE
from avatar_app.engines.tts.vibevoice.choices import Choices
from avatar_app.engines.tts.vibevoice.loading import load
from avatar_app.engines.tts.vibevoice.prompts import language_of, voice_files
from avatar_app.engines.tts.vibevoice.shape import read_shape
from avatar_app.engines.tts.vibevoice.windows import RATE, passages

if TYPE_CHECKING:
    from avatar_app.engines.tts.vibevoice.speaker import Speaker

_LONGEST = 600
"""Characters of a passage, some 40 s: with longer ones the voice may drift."""


class VibeVoice:
    """Implements `core.engines.SpeechSynthesizer` (https://github.com/microsoft/VibeVoice) at
    24 kHz.

    The network does not say when it speaks which word: word times are estimates. The same text with
    the same seed sounds the same.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = Choices(**options)
        self._speaker: Speaker | None = _loaded(self._choices)
        self._voice = self._speaker.choose(self._choices.voice)

    def configure(self, **options: Any) -> None:
        """Change options for the next `speak`. Raises ConfigInvalid for an unknown voice."""
        choices = replace(self._choices, **options)
        if choices.loaded != self._choices.loaded:
            self._speaker = None  # two models at once might not fit
            self._speaker = _loaded(choices)
        assert self._speaker is not None
        self._voice = self._speaker.choose(choices.voice)
        self._choices = choices

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """Yield `text` in chunks of 133 ms. The turn is checked before each layer of the
        network."""
        speaker, choices = self._speaker, self._choices
        assert speaker is not None
        language = language_of(self._voice, choices.language)
        longest = _LONGEST if choices.manner.leaves_sound else LONGEST_PHRASE
        start, pause = 0, 0
        for passage in passages(text, longest):
            turn.check()
            pieces = speaker.say(passage, spell_out(passage, language), choices, turn)
            for piece in in_manner(pieces, choices.manner):
                turn.check()
                spoken = piece.after(pause)
                yield from _chunks(spoken, start, turn)
                start += len(spoken.samples)
                pause = 0
            pause = round(passage.pause / choices.speed * RATE)
        if start:
            silence = Spoken(np.zeros(pause, np.float32), RATE, [], None)
            yield from silence.chunks(start)

    @staticmethod
    def speakers(model: str, **_options: Any) -> tuple[str, ...]:
        """Return the voices of a model without loading it. Raises ModelMissing, InputInvalid."""
        folder = expanded(model)
        read_shape(folder)
        return tuple(voice_files(folder))

    def close(self) -> None:
        self._speaker = None


def _loaded(choices: Choices) -> Speaker:
    return load(choices.model, choices.device, choices.threads)


def _chunks(spoken: Spoken, start: int, turn: Turn) -> Iterator[SpeechChunk]:
    for chunk in spoken.chunks(start):
        turn.check()
        yield chunk
