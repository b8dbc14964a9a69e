"""The options of VibeVoice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from avatar_app.engines.tts.speech.manner import VoiceConfig
from avatar_app.engines.tts.speech.options import NeuralVoiceOptions


@dataclass(frozen=True, slots=True)
class Choices(NeuralVoiceOptions):
    """The options of the manifest, which states their units."""

    guidance: float = 1.5
    steps: int = 5
    device: str = "auto"

    @property
    def loaded(self) -> tuple[Any, ...]:
        """Return the options that require loading the network again, which takes seconds."""
        return self.model, self.device, self.threads

    @property
    def manner(self) -> VoiceConfig:
        """Return the speaking style; the network itself has no speed either."""
        return VoiceConfig(self.pitch, self.speed, self.volume, self.expressiveness)
