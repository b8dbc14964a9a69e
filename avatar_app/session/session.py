"""What a window may ask of a running conversation; everything else reaches it as events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from avatar_app.core.events import Event, TurnEnded
from avatar_app.core.jobs import Job
from avatar_app.core.values import VideoFrame


@dataclass(frozen=True, slots=True)
class Devices:
    """The sound devices that can be chosen, and those in use."""

    microphones: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    microphone: str | None = None
    """The one in use; None is the system's default."""
    speaker: str | None = None
    """The one in use; None is the system's default."""


@dataclass(frozen=True, slots=True)
class NewCharacter:
    """A face that the user brought."""

    name: str
    notes: tuple[str, ...] = ()
    """What could be better about the photo, one sentence each."""


class Preference(StrEnum):
    """What a window asks to be remembered until the next start."""

    THEME = "theme"
    TRANSCRIPT_SHOWN = "transcript_shown"
    WINDOW_GEOMETRY = "window_geometry"


class Session(Protocol):
    """One conversation with one avatar, from the window's side. None blocks unless it says so."""

    character: str
    """The one on show; one of `characters()`."""

    def start(self) -> None:
        """Begin to listen; returns at once."""

    def close(self) -> None:
        """End the conversation and give everything back. May take a moment."""

    def type(self, text: str) -> None:
        """The user typed `text` and sent it."""

    def interrupt(self) -> None:
        """The avatar shall stop speaking or thinking."""

    def hold(self, held: bool) -> None:
        """Push to talk: the user holds the key or button, or let go of it."""

    def mute(self, muted: bool) -> None:
        """Close or open the microphone; answered by a `Muted` event."""

    def frame(self) -> VideoFrame | None:
        """The newest picture to show now; None before the first. Cheap: asked at each repaint."""

    def next_frame_in(self) -> float:
        """Seconds until `frame` may have another picture; 0 where it cannot be told."""

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with every event, from other threads; returns what ends that."""

    def devices(self) -> Devices:
        """The sound devices there are now. May take a moment."""

    def use_microphone(self, name: str | None) -> None:
        """Listen to another microphone; None is the system's default. May take a moment."""

    def use_speaker(self, name: str | None) -> None:
        """Speak through another loudspeaker; None is the system's default. May take a moment."""

    def characters(self) -> tuple[str, ...]:
        """The faces that can be chosen: drawn ones, and the user's avatars."""

    def use_character(self, name: str) -> None:
        """Show another face. May take a moment; a `CharacterShown` event tells when it is there, a
        `Noticed` that it cannot be had."""

    def make_character(self, source: Path, job: Job[NewCharacter]) -> NewCharacter:
        """A new face from a photo, a clip or an .avatar file, for `use_character`. Takes seconds:
        `job` tells how far it is, and stops it. AvatarError where the file will not do."""

    def transcript(self, limit: int) -> tuple[TurnEnded, ...]:
        """The last `limit` turns of the stored history, oldest first. May take a moment."""

    def forget(self) -> None:
        """Delete the stored history for good. May take a moment."""

    def preference(self, name: str) -> Any:
        """What was remembered under `name` (see `Preference`); None if nothing was."""

    def set_preference(self, name: str, value: Any) -> None:
        """Remember a JSON-compatible `value` under `name`."""
