"""The options of Coqui's voices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from avatar_app.engines.tts.speech.options import NeuralVoiceOptions


@dataclass(frozen=True, slots=True)
class Choices(NeuralVoiceOptions):
    """The options of the manifest, which states their units."""

    language: str = "en"
    temperature: float = 0.75
    top_k: int = 50
    top_p: float = 0.85
    device: str = "auto"

    @property
    def loaded(self) -> tuple[Any, ...]:
        """Return the options that require loading the network again, which takes seconds."""
        return self.model, self.device, self.threads
