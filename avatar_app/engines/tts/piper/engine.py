"""The Piper engine: synthesizes sentence by sentence, with word times and, if available,
visemes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import SpeechChunk
from avatar_app.engines.tts.piper import network, voice_file
from avatar_app.engines.tts.piper.network import Network
from avatar_app.engines.tts.speech.chunks import ShapeAt, Spoken
from avatar_app.engines.tts.speech.ipa import phonemizer
from avatar_app.engines.tts.speech.manner import apply_manner
from avatar_app.engines.tts.speech.numerals import spell_out
from avatar_app.engines.tts.speech.options import NeuralVoiceOptions
from avatar_app.engines.tts.speech.phrases import Phrase, gather_phrases, phrases_of
from avatar_app.engines.tts.speech.reading import read
from avatar_app.engines.tts.speech.timing import mouth_of, words_of

_UNSPEAKABLE = 0.1  # seconds of silence for a text of which nothing can be said


class PiperVoice:
    """Implements `core.engines.SpeechSynthesizer` (https://github.com/OHF-Voice/piper1-gpl, VITS).

    The graph uses noise: with the same seed, the same texts in the same order sound the same.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = NeuralVoiceOptions(**options)
        self._phonemize: Callable[[Sequence[str], str], list[str]] = phonemizer()
        self._network: Network | None = _loaded(self._choices)
        self._speaker = self._network.file.speaker(self._choices.voice)
        self._speaking: int | None = None  # the turn

    def configure(self, **options: Any) -> None:
        """Change options for the next `speak`. Raises ConfigInvalid for an unknown speaker."""
        choices = replace(self._choices, **options)
        if choices.network != self._choices.network:
            self._network = None  # two models at once might not fit
            self._network = _loaded(choices)
        assert self._network is not None
        self._speaker = self._network.file.speaker(choices.voice)
        self._choices = choices

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """Yield `text` in chunks of half a second, synthesized sentence by sentence; the first text
        of a turn begins with its first words."""
        choices, spoken_by = self._choices, self._network
        assert spoken_by is not None
        rate = spoken_by.file.rate
        start, pause = 0, 0
        mouth: list[ShapeAt] | None = None
        begins, self._speaking = turn.id != self._speaking, turn.id
        for phrase in gather_phrases(phrases_of(text), begins=begins):
            turn.check()
            said = self._said(phrase, spoken_by, choices, turn)
            spoken = apply_manner(said, choices.manner).after(pause)
            for chunk in spoken.chunks(start):
                turn.check()
                yield chunk
            start += len(spoken.samples)
            mouth = spoken.mouth and []
            pause = round(phrase.pause / choices.speed * rate)
        if start:
            yield from Spoken(np.zeros(pause, np.float32), rate, [], mouth).chunks(start)

    def _said(
        self, phrase: Phrase, spoken_by: Network, choices: NeuralVoiceOptions, turn: Turn
    ) -> Spoken:
        file = spoken_by.file
        language = file.language if choices.language == "auto" else choices.language
        reading = read(spell_out(phrase, language), self._phonemize, language)
        if not any(symbol.isalnum() for symbol in reading.phonemes):
            silence = np.zeros(round(_UNSPEAKABLE * file.rate), np.float32)
            words = words_of(phrase, reading, (), len(silence), file.rate)
            return Spoken(silence, file.rate, words, None)
        samples, times = spoken_by.synthesize(reading.phonemes, self._speaker, choices.speed, turn)
        words = words_of(phrase, reading, times, len(samples), file.rate)
        return Spoken(samples, file.rate, words, mouth_of(times, len(samples), file.rate))

    @staticmethod
    def speakers(model: str, **_options: Any) -> tuple[str, ...]:
        """Return the speakers of a model without loading it. Raises ModelMissing, InputInvalid."""
        _, described = voice_file.find(model)
        return tuple(voice_file.read(described).speakers)

    def close(self) -> None:
        self._network = None


def _loaded(choices: NeuralVoiceOptions) -> Network:
    graph, described = voice_file.find(choices.model)
    return network.load(graph, voice_file.read(described), choices.seed, choices.threads)
