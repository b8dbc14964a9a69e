"""The Orpheus engine: a language model writes audio tokens, SNAC makes them sound, streaming."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from avatar_app.core.emotions import without_emotions
from avatar_app.core.errors import EngineFailed
from avatar_app.core.turn import Turn
from avatar_app.core.values import Samples, SpeechChunk
from avatar_app.engines.llama_cpp.libraries import AUTO
from avatar_app.engines.tts.orpheus.files import find_files
from avatar_app.engines.tts.orpheus.snac import RATE, Decoder
from avatar_app.engines.tts.orpheus.talker import Talker
from avatar_app.engines.tts.orpheus.voices import VOICES, tried_voices, voice_of
from avatar_app.engines.tts.speech.chunks import Spoken, together
from avatar_app.engines.tts.speech.manner import VoiceConfig, apply_manner
from avatar_app.engines.tts.speech.numerals import spell_out
from avatar_app.engines.tts.speech.options import NeuralVoiceOptions
from avatar_app.engines.tts.speech.phrases import Phrase, gather_phrases, phrases_of
from avatar_app.engines.tts.speech.spoken_words import SpokenWords, silence

_HELD_BACK = RATE // 20
"""Samples withheld from each window: which one is the last is not known in advance, and all words
must begin before its end."""
_THREADS = 2
"""Where the number is left open; llama.cpp ends the process at 0."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Choices(NeuralVoiceOptions):
    """The options of the manifest, which states their units."""

    language: str = "en"
    temperature: float = 0.6
    top_p: float = 0.9
    repeat_penalty: float = 1.1
    window: int = 4
    context: int = 4096
    gpu_layers: int = -1
    library: str = AUTO

    @property
    def network(self) -> tuple[Any, ...]:
        return self.model, self.context, self.gpu_layers, self.threads, self.library

    @property
    def manner(self) -> VoiceConfig:
        return VoiceConfig(self.pitch, self.speed, self.volume, self.expressiveness)

    @property
    def sampling(self) -> dict[str, Any]:
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "repeat_penalty": self.repeat_penalty,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class _Model:
    """Both networks."""

    talker: Talker
    decoder: Decoder


class OrpheusVoice:
    """Implements `core.engines.SpeechSynthesizer` (https://github.com/canopyai/Orpheus-TTS);
    24,000 Hz.

    The times of words are estimates. The same text with the same seed sounds the same.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        voice_of(self._choices.voice, self._choices.language)
        self._model: _Model | None = _loaded(self._choices)

    def configure(self, **options: Any) -> None:
        """Change options for the next `speak`. Raises ConfigInvalid for an unknown voice."""
        choices = replace(self._choices, **options)
        voice_of(choices.voice, choices.language)
        if choices.network != self._choices.network:
            self.close()  # two models at once might not fit
            self._model = _loaded(choices)
        self._choices = choices

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """Yield `text` in chunks while it is synthesized, phrase by phrase. Tags of emotions are
        heard, and are in no chunk's words."""
        choices, start, pause = self._choices, 0, 0
        for phrase in gather_phrases(phrases_of(text, emotions=True), begins=False):
            turn.check()
            for piece in _in_manner(self._said(phrase, choices, turn), choices.manner):
                spoken = piece.after(pause)
                for chunk in spoken.chunks(start):
                    turn.check()
                    yield chunk
                start, pause = start + len(spoken.samples), 0
            pause = round(phrase.pause / choices.speed * RATE)
        if start:
            yield from Spoken(np.zeros(pause, np.float32), RATE, [], None).chunks(start)

    @staticmethod
    def speakers(model: str, language: str = "en", **_options: Any) -> tuple[str, ...]:
        """Return the voices of a language without loading a model. Raises ModelMissing."""
        find_files(model)
        return VOICES[language]

    def close(self) -> None:
        model, self._model = self._model, None
        if model is not None:
            model.talker.close()

    def _said(self, phrase: Phrase, choices: _Choices, turn: Turn) -> Iterator[Spoken]:
        """Yield a phrase in pieces, with the words that begin in each."""
        spelled = spell_out(phrase, choices.language)
        if not (text := " ".join(spelled.spoken.split())):
            yield silence(phrase, RATE)
            return
        words, held = SpokenWords(phrase, spelled, RATE), np.zeros(0, np.float32)
        for sound in self._sounds(text, choices, turn):
            held = np.concatenate([held, sound])
            ready, held = held[:-_HELD_BACK], held[-_HELD_BACK:]
            yield Spoken(ready, RATE, words.until(len(ready), last=False), None)
        yield Spoken(held, RATE, words.until(len(held), last=True), None)

    def _sounds(self, text: str, choices: _Choices, turn: Turn) -> Iterator[Samples]:
        """Yield the sound of a text in windows, in the first voice that says anything.

        Raises EngineFailed if none does.
        """
        voice = voice_of(choices.voice, choices.language)
        failure: EngineFailed | None = None
        for name in tried_voices(voice, choices.language):
            heard = False
            try:
                for sound in self._windows(text, name, choices, turn):
                    heard = True
                    yield sound
            except EngineFailed as error:
                if heard:
                    raise
                failure = error
            if heard:
                return
            log.info("the voice %s says nothing", name)
        raise failure or EngineFailed(
            f"Orpheus says nothing to {without_emotions(text)[:60]!r}.",
            "Say it in other words, or choose another voice.",
        )

    def _windows(self, text: str, voice: str, choices: _Choices, turn: Turn) -> Iterator[Samples]:
        model = self._model
        assert model is not None, "it was closed"
        with closing(model.talker.frames(text, voice, choices.sampling, turn)) as frames:
            yield from model.decoder.stream(frames, choices.window, turn)


def _loaded(choices: _Choices) -> _Model:
    talker_file, decoder_file = find_files(choices.model)
    threads = choices.threads or _THREADS
    decoder = Decoder(decoder_file, threads)  # first, as it takes no time and may be damaged
    talker = Talker(talker_file, choices.context, threads, choices.gpu_layers, choices.library)
    return _Model(talker, decoder)


def _in_manner(pieces: Iterator[Spoken], manner: VoiceConfig) -> Iterator[Spoken]:
    """Join the pieces of a phrase before its pitch is changed, so that no border between them is
    audible."""
    if not manner.leaves_sound:
        pieces = iter((together(list(pieces)),))
    return (apply_manner(piece, manner) for piece in pieces)
