"""What a user chooses of Coqui's voices: the options of the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from avatar_app.engines.tts.speech.manner import VoiceConfig


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of the manifest; it tells their units."""

    model: str = ""
    voice: str = ""
    language: str = "en"
    speed: float = 1.0
    pitch: float = 0.0
    expressiveness: float = 1.0
    volume: float = 1.0
    temperature: float = 0.75
    top_k: int = 50
    top_p: float = 0.85
    seed: int = 1
    device: str = "auto"
    threads: int = 2

    @property
    def loaded(self) -> tuple[Any, ...]:
        """What takes seconds to change."""
        return self.model, self.device, self.threads

    @property
    def manner(self) -> VoiceConfig:
        """What the networks cannot do themselves."""
        return VoiceConfig(pitch=self.pitch, volume=self.volume, expressiveness=self.expressiveness)
