"""The options shared by all neural voices; their manifests state units and ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from avatar_app.engines.tts.speech.manner import VoiceConfig


@dataclass(frozen=True, slots=True)
class NeuralVoiceOptions:
    """Options of a neural voice."""

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
        """Return the options that require loading the network again, which takes seconds."""
        return self.model, self.seed, self.threads

    @property
    def manner(self) -> VoiceConfig:
        """Return the speaking style that the network cannot produce itself."""
        return VoiceConfig(pitch=self.pitch, volume=self.volume, expressiveness=self.expressiveness)
