"""The session protocol: what a window may ask of a running conversation; the rest are events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from avatar_app.agents.mcp.collection import McpLibrary
from avatar_app.core.builds import PageAct
from avatar_app.core.events import Event, TurnEnded
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Manifest
from avatar_app.core.prompt import PicturePart
from avatar_app.core.values import VideoFrame
from avatar_app.session.avatar_choices import NewCharacter
from avatar_app.session.avatar_gallery import AvatarGallery
from avatar_app.session.avatar_studio import AvatarStudio
from avatar_app.session.checks.device_checks import AudioChecks
from avatar_app.session.clip_studio import ClipStudio
from avatar_app.session.engine_loads import EngineLoads
from avatar_app.session.model_library import ModelLibrary
from avatar_app.session.performance_reports import PerformanceReports
from avatar_app.session.persona_choices import PersonaChoices
from avatar_app.session.starter import Starter
from avatar_app.session.stored_conversations import StoredConversations
from avatar_app.session.stored_data import StoredData
from avatar_app.session.stored_memories import StoredMemories
from avatar_app.session.voice_cloning import VoiceCloner
from avatar_app.session.voice_gallery import VoiceGallery
from avatar_app.settings.store import SettingsStore
from avatar_app.system.open_windows import OpenWindow
from avatar_app.system.updates.client import UpdateClient


@dataclass(frozen=True, slots=True)
class Devices:
    """The sound devices that can be chosen, and those in use."""

    microphones: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    microphone: str | None = None
    """The one in use; None is the system's default."""
    speaker: str | None = None
    """The one in use; None is the system's default."""


class AudioDevices(Protocol):
    """The machine's microphones and loudspeakers; settings choose among them."""

    def devices(self) -> Devices:
        """Return the sound devices of this moment. May take a moment."""


class Characters(Protocol):
    """The characters that can be shown: the drawn ones, and the user's avatars."""

    @property
    def character(self) -> str:
        """Return the character that is shown; one of `characters()`."""

    def characters(self) -> tuple[str, ...]:
        """Return the names of all characters."""

    def use_character(self, name: str) -> None:
        """Show another character. May take a moment; a `CharacterShown` event reports success, a
        `Noticed` event failure."""

    def make_character(self, source: Path, job: Job[NewCharacter]) -> NewCharacter:
        """Create a character from a photo, a clip or an .avatar file, for `use_character`. Takes
        seconds: `job` reports progress and can cancel it. Raises AvatarError where the file cannot
        be used."""


class Session(AudioDevices, Characters, Protocol):
    """One conversation with one avatar, as the window uses it. No method blocks unless it
    says so."""

    settings: SettingsStore
    """The settings store. Devices and engines are exchanged when their settings change; the
    window's own preferences are settings too."""
    manifests: tuple[Manifest, ...]
    """The engines that can be chosen."""
    loads: EngineLoads
    """Which of them are being loaded."""
    conversations: StoredConversations
    """All that was ever said, as far as it was kept."""
    checks: AudioChecks
    """Checks of microphone, loudspeaker and echo."""
    avatars: AvatarGallery
    """All avatars: their pictures, and what can be done with them."""
    studio: AvatarStudio
    """Makes avatars step by step."""
    clips: ClipStudio
    """Makes clips from recipes."""
    voices: VoiceGallery
    """The voices that are installed."""
    cloner: VoiceCloner
    """Makes cloned voices."""
    user_data: StoredData
    """What is kept of the user on this computer."""
    tool_servers: McpLibrary
    """Other programs whose tools the avatar may use."""
    memories: StoredMemories
    """What the avatar remembers of its user."""
    personas: PersonaChoices
    """Who the avatar can be."""
    starter: Starter
    """The starter set for first-time users: speech recognition, a voice and a language model."""
    performance: PerformanceReports
    """Where the time of turns goes, and what processes take."""
    models: ModelLibrary
    """Models that are here or can be fetched."""
    updates: UpdateClient
    """Newer versions of the program, looked for only when the user asks."""

    def start(self) -> None:
        """Start listening; returns at once."""

    def close(self) -> None:
        """End the conversation and release everything. May take a moment."""

    def type(self, text: str) -> None:
        """The user typed `text` and sent it."""

    def say_again(self, text: str) -> None:
        """Have the avatar repeat, at once, what it said before."""

    def correct(self, turn_id: int, text: str) -> None:
        """The user was misheard in a turn of this session: answer `text` in its place."""

    def look(self, at: str) -> None:
        """Take a picture of the "camera", the "screen" or a "window", which goes with what the user
        says next: "window:7" is the one with that number, "window" the one in front. May take a
        moment; `LookingChanged` events tell of it. Raises DeviceUnavailable."""

    def windows(self) -> tuple[OpenWindow, ...] | None:
        """Return the other windows that can be looked at, none where the desktop asks which; None
        where there is no looking at single ones. Raises DeviceUnavailable."""

    def show(self, picture: PicturePart) -> None:
        """Show a picture with what the user says next."""

    def show_file(self, path: Path) -> None:
        """Show a picture with what the user says next, or read a document, to quote it. May take a
        moment. Raises InputInvalid."""

    def decide(self, request_id: int, *, agreed: bool) -> None:
        """The user answered a `ConsentAsked` by a button."""

    def act_on_page(self, act: PageAct) -> None:
        """Show, stop, undo or go on with the page that is built; `BuildChanged` events tell of it.
        May take a moment. Raises AvatarError."""

    def interrupt(self) -> None:
        """Stop the avatar from speaking or thinking."""

    def hold(self, *, held: bool) -> None:
        """Push to talk: the user presses or releases the key or button."""

    def attend(self, *, visible: bool) -> None:
        """The user shows at the window, or it was hidden: whether the avatar may speak first."""

    def mute(self, *, muted: bool) -> None:
        """Mute or unmute the microphone; answered by a `Muted` event."""

    def frame(self) -> VideoFrame | None:
        """Return the frame to show now; None before the first. Cheap: called at each repaint."""

    def next_frame_in(self) -> float:
        """Return the seconds until `frame` may change; 0 where that is unknown."""

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with every event, from other threads; returns a function that
        unsubscribes."""

    def transcript(self, limit: int) -> tuple[TurnEnded, ...]:
        """Return the last `limit` turns of the stored history, oldest first. May take a moment."""

    def forget(self) -> None:
        """Delete the stored history for good. May take a moment."""
