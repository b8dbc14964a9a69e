"""Commands to a conversation; while it is still opening, they wait."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_app.core.builds import PageAct
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import PicturePart
from avatar_app.pipeline import commands
from avatar_app.session.showing import PICTURES, picture_in
from avatar_app.system.open_windows import OpenWindow
from avatar_app.system.open_windows.looking import listed_windows, windows_can_be_chosen

if TYPE_CHECKING:
    from avatar_app.session.live_conversation import LiveConversation
    from avatar_app.session.live_devices import LiveDevices


class ConversationCommands:
    """Commands from the user and the program to the conversation; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: LiveConversation | None = None
        self._waiting: list[commands.Command] = []
        self._attended = False

    def type(self, text: str) -> None:
        self._send(commands.TextTyped(text))

    def interrupt(self) -> None:
        self._send(commands.Interrupt())

    def hold(self, *, held: bool) -> None:
        self._send(commands.PushToTalk(held))

    def mute(self, *, muted: bool) -> None:
        self._send(commands.Mute(muted))

    def say_again(self, text: str) -> None:
        self._send(commands.SayAgain(text))

    def correct(self, turn_id: int, text: str) -> None:
        self._send(commands.Correct(turn_id, text))

    def decide(self, request_id: int, *, agreed: bool) -> None:
        self._send(commands.Decide(request_id, agreed))

    def show(self, picture: PicturePart) -> None:
        self._send(commands.MediaAttached(picture))

    def windows(self) -> tuple[OpenWindow, ...] | None:
        """Return the other windows that can be looked at; None where there is no such thing."""
        return listed_windows() if windows_can_be_chosen() else None

    def show_file(self, path: Path) -> None:
        if path.suffix.lower() in PICTURES:
            self.show(picture_in(path))
            return
        live = self._live
        if live is not None:
            live.read_document(path)

    def attend(self, *, visible: bool) -> None:
        """The user shows at the window, or it was hidden."""
        self._attended = visible
        live = self._live
        if live is not None:
            live.initiative.attend(visible=visible)

    def say(self, text: str) -> None:
        """Let the avatar say something on its own, once nobody speaks."""
        self._send(commands.Announce(text))

    def configure_voice(self, **options: Any) -> None:
        """Change options of the voice, from the next clause on."""
        live = self._live  # which another thread may be closing
        if live is not None:
            live.engine_set.engines[Kind.TTS].configure(**options)

    def set_volume(self, volume: float) -> None:
        """Set how loud everything is played: 1 is as it was made."""
        live = self._live
        if live is not None:
            live.conversation.playback.volume = volume

    def live_devices(self) -> LiveDevices | None:
        """Return the devices in use; None before the conversation is open."""
        live = self._live
        return live.devices if live else None

    def forget_memory(self) -> None:
        """Delete the facts and notes that the user gave the avatar."""
        live = self._live
        if live is not None:
            live.forget_memory()

    def forget_said(self) -> None:
        """Remember nothing of what was said so far."""
        live = self._live
        if live is not None:
            live.forget_said()

    def forget_agenda(self) -> None:
        """Delete all timers and reminders."""
        live = self._live
        if live is not None:
            live.forget_agenda()

    def reload_tools(self) -> None:
        """Use other tools of other programs from the next answer on."""
        live = self._live
        if live is not None:
            live.reload_tools()

    def act_on_page(self, act: PageAct) -> None:
        """Show, stop, undo or go on with the page that is built. May take a moment; raises
        AvatarError."""
        from avatar_app.session.pages.acts import act_on  # what builds loads after the window

        live = self._live
        if live is not None:
            act_on(live.pages, act)

    def forget_calls(self) -> None:
        """Delete the log of what the avatar did."""
        live = self._live
        if live is not None:
            live.forget_calls()

    def _send(self, command: commands.Command) -> None:
        with self._lock:
            live = self._live
            if live is None:
                self._waiting.append(command)
                return
        live.conversation.send(command)
