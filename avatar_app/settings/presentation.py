"""Presentation hints for settings forms: page, title, unit and effect, annotated in the schema."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Page(StrEnum):
    """The page of the settings on which a section is shown; the value is its title."""

    AVATAR = "Avatar"
    VOICE = "Voice"
    LISTENING = "Listening"
    BRAIN = "Brain"
    DEVICES = "Devices"
    APPEARANCE = "Appearance"
    PRIVACY = "Privacy"
    FILMS = "Films"
    MODELS = "Models"
    PERFORMANCE = "Performance"
    MORE = "More"
    """For sections whose schema names no page."""


class Effect(StrEnum):
    """When a change takes effect; the value completes “takes effect …”."""

    AT_ONCE = "at once"
    WHEN_LOADED = "when its engine has loaded"
    NEXT_START = "at the next start"


@dataclass(frozen=True, slots=True)
class FormHints:
    """What a form needs besides type, bounds and documentation. Empty fields are derived: the title
    from the name, the effect from the section, the step from the range.
    """

    title: str = ""
    unit: str = ""
    step: float | None = None
    effect: Effect | None = None
    hidden: bool = False
    """Set by the program itself; no form shows it."""
