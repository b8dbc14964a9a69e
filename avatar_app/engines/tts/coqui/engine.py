"""The Coqui engine: synthesizes phrase by phrase, and streams while a phrase is computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import SpeechChunk
from avatar_app.engines.tts.coqui.choices import Choices
from avatar_app.engines.tts.coqui.files import speaker_names
from avatar_app.engines.tts.coqui.loading import load
from avatar_app.engines.tts.coqui.network import Network
from avatar_app.engines.tts.speech.chunks import ShapeAt, Spoken
from avatar_app.engines.tts.speech.manner import in_manner
from avatar_app.engines.tts.speech.numerals import spell_out
from avatar_app.engines.tts.speech.phrases import gather_phrases, phrases_of


class CoquiVoice:
    """Implements `core.engines.SpeechSynthesizer` (https://github.com/idiap/coqui-ai-TTS) at the
    model's sample rate.

    VITS (Kim et al., 2021) reports the times of phonemes. XTTS (Casanova et al., 2024) does not:
    its word times are estimates. The same text with the same seed sounds the same.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = Choices(**options)
        self._network: Network | None = _loaded(self._choices)
        self._network.choose(self._choices.voice, self._choices.language)

    def configure(self, **options: Any) -> None:
        """Change options for the next `speak`. Raises ConfigInvalid for an unknown speaker."""
        choices = replace(self._choices, **options)
        if choices.loaded != self._choices.loaded:
            self._network = None  # two models at once might not fit
            self._network = _loaded(choices)
        assert self._network is not None
        self._network.choose(choices.voice, choices.language)
        self._choices = choices

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """Yield `text` in chunks. The turn is checked before each layer of the network.

        Raises InputInvalid if a cloned voice was removed meanwhile.
        """
        network, choices = self._network, self._choices
        assert network is not None
        network.choose(choices.voice, choices.language)  # its consent may have been taken back
        start, pause = 0, 0
        mouth: list[ShapeAt] | None = None
        for phrase in gather_phrases(phrases_of(text, network.longest), network.longest):
            turn.check()
            pieces = network.say(phrase, spell_out(phrase, choices.language), choices, turn)
            for piece in in_manner(pieces, choices.manner):
                turn.check()
                spoken = piece.after(pause)
                for chunk in spoken.chunks(start):
                    turn.check()
                    yield chunk
                start += len(spoken.samples)
                pause, mouth = 0, spoken.mouth and []
            pause = round(phrase.pause / choices.speed * network.rate)
        if start:
            silence = Spoken(np.zeros(pause, np.float32), network.rate, [], mouth)
            yield from silence.chunks(start)

    def latents(self) -> bytes | None:
        """Return the latents computed for the cloned voice in use (safetensors), to be cached in
        its folder; None if none were computed."""
        return None if self._network is None else self._network.latents()

    @staticmethod
    def speakers(model: str, **_options: Any) -> tuple[str, ...]:
        """Return the speakers of a model without loading it. Raises ModelMissing, InputInvalid."""
        return speaker_names(model)

    def close(self) -> None:
        self._network = None


def _loaded(choices: Choices) -> Network:
    return load(choices.model, choices.device, choices.threads)
