"""The settings of films."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from avatar_app.settings.presentation import Effect, FormHints
from avatar_app.settings.section import SettingsSection


class Quality(StrEnum):
    """Quality profiles of films."""

    STANDARD = "standard"
    HIGH = "high"


class Preset(StrEnum):
    """Speed presets of x264: from fast to small."""

    ULTRAFAST = "ultrafast"
    SUPERFAST = "superfast"
    VERYFAST = "veryfast"
    FASTER = "faster"
    FAST = "fast"
    MEDIUM = "medium"


class ProfileSettings(SettingsSection):
    """How a film is made."""

    effect = Effect.AT_ONCE

    width: Annotated[int, Field(ge=64, le=3840), FormHints(unit="px")]
    height: Annotated[int, Field(ge=64, le=2160), FormHints(unit="px")]
    fps: Annotated[float, Field(ge=5, le=60), FormHints("Frames per second", "Hz")]
    model: str
    face_detection_batch: Annotated[int, Field(ge=1, le=64)]
    lip_batch: Annotated[int, Field(ge=1, le=128)]
    x264_preset: Preset


class RenderSettings(SettingsSection):
    """Films made from a sound file."""

    effect = Effect.AT_ONCE

    quality: Quality
    device: str
    label: bool
    standard: ProfileSettings
    high: ProfileSettings

    def profile(self, quality: Quality) -> ProfileSettings:
        return self.high if quality is Quality.HIGH else self.standard
