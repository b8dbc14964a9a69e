"""How far the avatar has come with a page that it builds: an event of the conversation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BuildState(StrEnum):
    """How far the avatar has come with a page that it builds beside the conversation."""

    BUILDING = "building"
    READY = "ready"
    STOPPED = "stopped"  # by the user; it can go on
    FAILED = "failed"
    CUT_OFF = "cut off"  # by the end of the program; it can go on
    UNDONE = "undone"  # a step was taken back


@dataclass(frozen=True, slots=True)
class BuildChanged:
    """The avatar builds a page beside the conversation."""

    title: str
    """What the user asked for."""
    state: BuildState
    text: str = ""
    """What is being done, or what came of it; one sentence."""
    fraction: float = 0.0
    """Of the work, in [0, 1]."""


class PageAct(StrEnum):
    """What the user may want of a page, by voice or by a button."""

    SHOW = "show"
    STOP = "stop"
    UNDO = "undo"
    RESUME = "resume"
    LEAVE = "leave"
