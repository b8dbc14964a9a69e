"""The interface of Coqui's networks, and their common code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.engines.tts.coqui.choices import Choices
from avatar_app.engines.tts.speech.chunks import Spoken, WordAt
from avatar_app.engines.tts.speech.phrases import Phrase

_UNSPEAKABLE = 0.1
"""Seconds of silence for a phrase of which nothing can be said."""


class Network(Protocol):
    """What speaks."""

    rate: int
    """Samples per second."""

    @property
    def longest(self) -> int:
        """Characters that can be said in one go."""

    def choose(self, voice: str, language: str) -> None:
        """Hold from the next `say` on. `voice`: a speaker, the folder of a cloned voice, or empty
        for the first one. ConfigInvalid for what is not there."""

    def say(
        self, phrase: Phrase, spelled: Phrase, choices: Choices, turn: Turn
    ) -> Iterator[Spoken]:
        """Yield a phrase in pieces; `spelled` is what is said of it. TurnCancelled at any layer."""

    def latents(self) -> bytes | None:
        """As `engine.CoquiVoice.latents`."""


def settled(network: Any) -> Any:
    """A network that only infers: what its weights are made of in training is multiplied once, not
    at every use, which took a seventh of the time."""
    from torch.nn.utils import parametrize

    for layer in list(network.modules()):
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight")
    return network


def silence(phrase: Phrase, rate: int) -> Spoken:
    """A phrase of which nothing can be said."""
    count = round(_UNSPEAKABLE * rate)
    words = [WordAt(part.token, 0, count) for part in phrase.parts if part.token]
    return Spoken(np.zeros(count, np.float32), rate, words, None)
