"""The options shared by all neural voices; their manifests state units and ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from avatar_app.engines.tts.speech.manner import VoiceConfig


@dataclass(frozen=True, slots=True)
class NeuralVoiceOptions:
    """What a user chooses of a voice that a network speaks."""

    model: str = ""
    voice: str = ""
    language: str = "auto"
    speed: float = 1.0
    pitch: float = 0.0
    expressiveness: float = 1.0
    volume: float = 1.0
    seed: int = 1
    threads: int = 2

    @property
    def network(self) -> tuple[Any, ...]:
        """What takes seconds to change."""
        return self.model, self.seed, self.threads

    @property
    def manner(self) -> VoiceConfig:
        """What the network cannot do itself."""
        return VoiceConfig(pitch=self.pitch, volume=self.volume, expressiveness=self.expressiveness)
