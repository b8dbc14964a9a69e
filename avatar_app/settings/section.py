"""The base of all sections of the settings."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from avatar_app.settings.presentation import Effect


class SettingsSection(BaseModel):
    """A frozen part of the settings tree."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)
    effect: ClassVar[Effect] = Effect.NEXT_START
    """When a change of one of the section's settings takes effect."""
