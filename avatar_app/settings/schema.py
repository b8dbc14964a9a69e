"""The schema of all settings: a frozen tree; config/default.yaml documents each."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from avatar_app.settings.layers import (
    Name,
)

Seconds = Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]


class ThemeChoice(StrEnum):
    """The colours of the window."""

    SYSTEM = "system"
    DARK = "dark"
    LIGHT = "light"


class DetectorName(StrEnum):
    """What finds faces."""

    BUILTIN = "builtin"
    S3FD = "s3fd"


class LogLevel(StrEnum):
    """What goes into the log file."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class MemoryLimits(_Section):
    """Shares of all memory of a pool. As shipped 11.0 and 11.5 of a card's 12 GB."""

    soft: Share = 11.0 / 12
    hard: Share = 11.5 / 12


class EngineChoice(_Section):
    """An engine and what the user chose about it; its manifest checks the options."""

    engine: str
    options: dict[str, Any] = {}


class AudioSettings(_Section):
    """The devices."""

    microphone: str | None
    speaker: str | None
    aec: EngineChoice


class TurnDetectionSettings(_Section):
    """Who has the floor: the fields of TurnDetectionOptions, and the words that mean “go on”."""

    duck_after: Seconds
    pause_after: Seconds
    min_speech: Seconds
    prefix_padding: Seconds
    preemptive_generation_delay: Seconds
    min_endpointing_delay: Seconds
    max_endpointing_delay: Seconds
    max_utterance: Seconds
    backchannels: tuple[str, ...]


class Quality(StrEnum):
    """The profiles of films."""

    STANDARD = "standard"
    HIGH = "high"


class Preset(StrEnum):
    """How x264 encodes: from fast to small."""

    ULTRAFAST = "ultrafast"
    SUPERFAST = "superfast"
    VERYFAST = "veryfast"
    FASTER = "faster"
    FAST = "fast"
    MEDIUM = "medium"


class ProfileSettings(_Section):
    """How a film is made."""

    width: Annotated[int, Field(ge=64, le=3840)]
    height: Annotated[int, Field(ge=64, le=2160)]
    fps: Annotated[float, Field(ge=5, le=60, allow_inf_nan=False)]
    model: str
    face_detection_batch: Annotated[int, Field(ge=1, le=64)]
    lip_batch: Annotated[int, Field(ge=1, le=128)]
    x264_preset: Preset


class RenderSettings(_Section):
    """Films made from a sound file."""

    quality: Quality
    device: str
    standard: ProfileSettings
    high: ProfileSettings

    def profile(self, quality: Quality) -> ProfileSettings:
        return self.high if quality is Quality.HIGH else self.standard


class AvatarSettings(_Section):
    """How avatars are made of photos and clips."""

    detector: DetectorName
    detector_model: str | None
    detector_batch: Annotated[int, Field(ge=1, le=64)]


class ModelSettings(_Section):
    """Models that are on the machine already."""

    folders: tuple[str, ...]


class WindowSettings(_Section):
    """What the window looks like."""

    theme: ThemeChoice
    transcript: bool
    geometry: str | None


class HistorySettings(_Section):
    """What is kept of conversations."""

    keep: bool
    days: Annotated[int, Field(ge=0)]


class LogSettings(_Section):
    """What is logged."""

    level: LogLevel


class Settings(_Section):
    """Every setting; config/default.yaml documents each."""

    audio: AudioSettings
    vad: EngineChoice
    turn_detection: TurnDetectionSettings
    asr: EngineChoice
    dialogue: EngineChoice
    tts: EngineChoice
    face: EngineChoice
    face_enhancement: EngineChoice
    render: RenderSettings
    avatars: AvatarSettings
    models: ModelSettings
    persona: str
    window: WindowSettings
    history: HistorySettings
    memory_limits: MemoryLimits
    log: LogSettings


def setting_names() -> tuple[Name, ...]:
    """The name of every setting there is."""
    return tuple(_names(Settings, ()))


def _names(section: type[BaseModel], above: Name) -> list[Name]:
    names = []
    for key, entry in section.model_fields.items():
        kind = entry.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += _names(kind, (*above, key))
        else:
            names.append((*above, key))
    return names
