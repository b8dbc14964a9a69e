"""The settings of what the avatar says on its own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from avatar_app.settings.presentation import Effect, FormHints
from avatar_app.settings.section import SettingsSection

Hour = Annotated[int, Field(ge=0, le=23), FormHints(unit="o'clock")]


class SpeaksFirstSettings(SettingsSection):
    """What the avatar says on its own, besides reminders."""

    effect = Effect.AT_ONCE

    morning: Annotated[bool, FormHints("Good morning")]
    follow_ups: Annotated[bool, FormHints("Ask how it went")]
    quiet_from: Annotated[Hour, FormHints("Quiet from")]
    quiet_until: Annotated[Hour, FormHints("Quiet until")]
    cooldown: Annotated[int, Field(ge=1, le=72), FormHints("At most every", "hours")]
