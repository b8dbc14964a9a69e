"""What the avatar may ask of the window, because its user wants it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Control(StrEnum):
    """What the user asked the avatar to change in the window."""

    SHOW_TRANSCRIPT = "show transcript"
    HIDE_TRANSCRIPT = "hide transcript"
    SHOW_SETTINGS = "show settings"
    SHOW_SOURCE = "show source"
    USE_DARK_THEME = "use dark theme"
    USE_LIGHT_THEME = "use light theme"
    FULL_SCREEN = "full screen"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class ControlRequested:
    """The avatar asks the window to do something."""

    control: Control
    text: str = ""
    """For SHOW_SOURCE: the sentence of the user that is to be shown where it was said."""
