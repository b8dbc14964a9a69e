"""The Kokoro engine: synthesizes sentence by sentence, with word times and, if available,
visemes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import Samples, SpeechChunk
from avatar_app.engines.tts.kokoro.loading import RATE, Model, load, voice_names
from avatar_app.engines.tts.kokoro.voices import LANGUAGES, language_of, parts_of, style_of
from avatar_app.engines.tts.speech.chunks import ShapeAt, Spoken
from avatar_app.engines.tts.speech.manner import VoiceConfig, apply_manner
from avatar_app.engines.tts.speech.numerals import spell_out
from avatar_app.engines.tts.speech.options import NeuralVoiceOptions
from avatar_app.engines.tts.speech.phrases import Phrase, gather_phrases, phrases_of
from avatar_app.engines.tts.speech.reading import Reading, read
from avatar_app.engines.tts.speech.timing import mouth_of, words_of

_UNSPEAKABLE = RATE // 10  # samples of silence for a text of which nothing can be said


@dataclass(frozen=True, slots=True)
class _Choices(NeuralVoiceOptions):
    """The options of the manifest."""

    voice: str = "af_heart"


@dataclass(frozen=True, slots=True, eq=False)
class _Speaker:
    """The style and language in use."""

    style: Samples
    """Shape (510, 1, 256): one style per number of phonemes."""
    language: str
    speed: float
    manner: VoiceConfig


class KokoroVoice:
    """Implements `core.engines.SpeechSynthesizer` (https://huggingface.co/hexgrad/Kokoro-82M,
    StyleTTS 2); 24,000 Hz.

    The graph may use noise: with the same seed, the same texts in the same order sound the same.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._model: Model | None = _loaded(self._choices)
        self._speaker = _speaker(self._model, self._choices)
        self._speaking: int | None = None  # the turn

    def configure(self, **options: Any) -> None:
        """Change options for the next `speak`. Raises ConfigInvalid for an unknown voice."""
        choices = replace(self._choices, **options)
        if choices.network != self._choices.network:
            self._model = None  # two models at once might not fit
            self._model = _loaded(choices)
        assert self._model is not None
        self._speaker = _speaker(self._model, choices)
        self._choices = choices

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """Yield `text` in chunks of half a second, synthesized sentence by sentence; the first text
        of a turn begins with its first words."""
        model, speaker = self._model, self._speaker
        assert model is not None
        start, pause = 0, 0
        mouth: list[ShapeAt] | None = None
        begins, self._speaking = turn.id != self._speaking, turn.id
        for phrase in gather_phrases(phrases_of(text), begins=begins):
            turn.check()
            spoken = apply_manner(_said(phrase, model, speaker, turn), speaker.manner).after(pause)
            for chunk in spoken.chunks(start):
                turn.check()
                yield chunk
            start += len(spoken.samples)
            mouth = spoken.mouth and []
            pause = round(phrase.pause / speaker.speed * RATE)
        if start:
            yield from Spoken(np.zeros(pause, np.float32), RATE, [], mouth).chunks(start)

    @staticmethod
    def speakers(model: str, **_options: Any) -> tuple[str, ...]:
        """Return the voices of a model without loading it. Raises ModelMissing, InputInvalid."""
        return voice_names(model)

    @staticmethod
    def speaker_languages(model: str, **_options: Any) -> dict[str, str]:
        """Return the language of each voice that this engine can speak. Raises the same as
        `speakers`."""
        return {name: tag for name in voice_names(model) if (tag := LANGUAGES.get(name[:1]))}

    @staticmethod
    def blend(shares: Mapping[str, float]) -> str:
        """Return the voice whose styles are the mean of others', weighted by their shares."""
        return "+".join(f"{name}:{share:.3g}" for name, share in shares.items())

    @staticmethod
    def blended(voice: str) -> dict[str, float]:
        """Return the voices and shares of a blend. Raises ConfigInvalid."""
        return parts_of(voice)

    def close(self) -> None:
        self._model = None


def _loaded(choices: _Choices) -> Model:
    return load(choices.model, choices.seed, choices.threads)


def _speaker(model: Model, choices: _Choices) -> _Speaker:
    return _Speaker(
        style_of(choices.voice, model.voices),
        language_of(choices.voice, choices.language),
        choices.speed,
        choices.manner,
    )


def _said(phrase: Phrase, model: Model, speaker: _Speaker, turn: Turn) -> Spoken:
    spelled = spell_out(phrase, speaker.language)
    reading = read(spelled, model.phonemize, speaker.language)
    if not reading.phonemes.strip():
        return _silent(phrase, reading)
    samples, timings = model.synthesize(reading.phonemes, speaker.style, speaker.speed, turn)
    words = words_of(phrase, reading, timings, len(samples), RATE)
    return Spoken(samples, RATE, words, mouth_of(timings, len(samples), RATE))


def _silent(phrase: Phrase, reading: Reading) -> Spoken:
    return Spoken(
        np.zeros(_UNSPEAKABLE, np.float32),
        RATE,
        words_of(phrase, reading, (), _UNSPEAKABLE, RATE),
        None,
    )
