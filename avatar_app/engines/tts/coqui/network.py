"""The interface of Coqui's networks, and their common code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from avatar_app.core.turn import Turn
from avatar_app.engines.tts.coqui.choices import Choices
from avatar_app.engines.tts.speech.chunks import Spoken
from avatar_app.engines.tts.speech.phrases import Phrase


class Network(Protocol):
    """A loaded speech synthesis network."""

    rate: int
    """Samples per second."""

    @property
    def longest(self) -> int:
        """Return the number of characters that can be synthesized at once."""

    def choose(self, voice: str, language: str) -> None:
        """Change the speaker for the next `say`. `voice`: a speaker, the folder of a cloned voice,
        or empty for the first one. Raises ConfigInvalid for an unknown voice or language."""

    def say(
        self, phrase: Phrase, spelled: Phrase, choices: Choices, turn: Turn
    ) -> Iterator[Spoken]:
        """Yield a phrase in chunks; `spelled` is its spoken form. Raises TurnCancelled at any
        layer."""

    def latents(self) -> bytes | None:
        """See `engine.CoquiVoice.latents`."""


def settled(network: Any) -> Any:
    """Prepare a network for inference: remove weight normalization, which would be recomputed at
    each use and took a seventh of the time."""
    from torch.nn.utils import parametrize

    for layer in list(network.modules()):
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight")
    return network
