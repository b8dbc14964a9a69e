"""What a window may ask of a running conversation; everything else reaches it as events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from avatar_app.core.events import Event, TurnEnded
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Manifest
from avatar_app.core.values import VideoFrame
from avatar_app.session.starter import Starter
from avatar_app.settings.store import SettingsStore


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


class AudioDevices(Protocol):
    """The machine's microphones and loudspeakers; settings choose among them."""

    def devices(self) -> Devices:
        """The sound devices there are now. May take a moment."""


class Characters(Protocol):
    """The faces that can be shown: drawn ones, and the user's avatars."""

    @property
    def character(self) -> str:
        """The one on show; one of `characters()`."""

    def characters(self) -> tuple[str, ...]:
        """The names of all."""

    def use_character(self, name: str) -> None:
        """Show another face. May take a moment; a `CharacterShown` event tells when it is there, a
        `Noticed` that it cannot be had."""

    def make_character(self, source: Path, job: Job[NewCharacter]) -> NewCharacter:
        """A new face from a photo, a clip or an .avatar file, for `use_character`. Takes seconds:
        `job` tells how far it is, and stops it. AvatarError where the file will not do."""


class Session(AudioDevices, Characters, Protocol):
    """One conversation with one avatar, from the window's side. None blocks unless it says so."""

    settings: SettingsStore
    """What the user chose. Devices and engines are exchanged when their settings change; the
    window's own preferences are settings too."""
    manifests: tuple[Manifest, ...]
    """The engines that can be chosen."""
    starter: Starter
    """What a newcomer is offered: real ears, a voice and a brain."""

    def start(self) -> None:
        """Begin to listen; returns at once."""

    def close(self) -> None:
        """End the conversation and give everything back. May take a moment."""

    def type(self, text: str) -> None:
        """The user typed `text` and sent it."""

    def interrupt(self) -> None:
        """The avatar shall stop speaking or thinking."""

    def hold(self, *, held: bool) -> None:
        """Push to talk: the user holds the key or button, or let go of it."""

    def mute(self, *, muted: bool) -> None:
        """Close or open the microphone; answered by a `Muted` event."""

    def frame(self) -> VideoFrame | None:
        """The newest picture to show now; None before the first. Cheap: asked at each repaint."""

    def next_frame_in(self) -> float:
        """Seconds until `frame` may have another picture; 0 where it cannot be told."""

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with every event, from other threads; returns what ends that."""

    def transcript(self, limit: int) -> tuple[TurnEnded, ...]:
        """The last `limit` turns of the stored history, oldest first. May take a moment."""

    def forget(self) -> None:
        """Delete the stored history for good. May take a moment."""
