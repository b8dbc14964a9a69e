"""A conversation with devices: everything that runs while the application does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from avatar_app.audio.microphone import Microphone
from avatar_app.audio.null_devices import FileSpeaker
from avatar_app.audio.speaker import Loudspeaker
from avatar_app.core.engines import Face
from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Event, Noticed, State, StateChanged
from avatar_app.core.manifest import Kind
from avatar_app.pipeline import commands
from avatar_app.runtime.fallback.engine_switch import LoadsInBackground
from avatar_app.runtime.registry import Registry
from avatar_app.session.assistant_tools import AppControls
from avatar_app.session.build import Surroundings, assemble
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.system.paths import AppPaths

SILENT_SECONDS = 10.0
"""Of silence, after which the loudspeaker sleeps; a headset without a cable needs a moment to wake,
so that it must not do so between two turns."""


class Silence:
    """Tells from the events of a conversation that nothing is played, nor soon will be."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = clock()
        self._idle = True

    def lasts(self, event: Event) -> bool:
        """Has nobody had the floor for SILENT_SECONDS?"""
        if isinstance(event, StateChanged):
            self._idle, self._since = event.state is State.IDLE, self._clock()
        return self._idle and self._clock() - self._since >= SILENT_SECONDS


class LiveConversation:
    """Engines, conversation, devices and abilities. Opening takes as long as the engines do."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        places: AppPaths,
        hands: AppControls,
        post: Callable[[Event], None],
        face_loaded: Callable[[Face], None] | None = None,
    ) -> None:
        self._post = post
        self._closed = False
        self._silence = Silence(time.monotonic)
        self._loudspeaker: Loudspeaker | None = None
        self._loading = threading.Thread(target=self._watch_loading, name="loading", daemon=True)
        around = Surroundings(
            settings=settings,
            registry=registry,
            paths=places,
            controls=hands,
            post=self._hear,
            notice=post,
            clock=time.monotonic,
            face_loaded=face_loaded,
        )
        with ExitStack() as opened:
            parts = assemble(around, opened)
            self.rack, self._tools = parts.engines, parts.tools
            self.conversation, self._supervisor = parts.conversation, parts.supervisor
            for text in self._tools.notices:
                post(Noticed(text))
            audio = settings.audio
            self.microphone = Microphone(
                audio.microphone,
                self.conversation.hear,
                self._notice,
                quiet_power=self.conversation.quiet_power,
            )
            self.speaker = self._speaker(audio.speaker)
            if isinstance(self.speaker, Loudspeaker):  # a file has no gaps
                self._loudspeaker = self.speaker
            self._opened = opened.pop_all()

    def start(self) -> None:
        """Listen and speak from now on."""
        self.speaker.start()
        self.microphone.start()
        self._tools.start()
        self._loading.start()

    def use(
        self,
        kind: Kind,
        choice: EngineChoice,
        used: Callable[[], None],
        failed: Callable[[AvatarError], None] | None = None,
    ) -> None:
        """Have another engine loaded while all goes on, and call `used` when it is: from the next
        turn on it does the work of its kind, a face from the next picture. One that cannot be had
        leaves all as it is, and `failed` is called, or else the user is told."""
        self._supervisor.use(kind, choice, used, failed)

    def substitute(self, kind: Kind) -> None:
        """Have the built-in engine of a kind take the place of one that cannot be used."""
        self._supervisor.substitute(kind)

    def close(self) -> None:
        """Fall silent and give everything back."""
        self._closed = True
        self.microphone.close()
        self.speaker.close()
        self.conversation.order(commands.Interrupt())  # so that all engines are soon free
        self._opened.close()
        if self._loading.ident is not None:
            self._loading.join()  # its engines are closed, so there is nothing it waits for

    def _watch_loading(self) -> None:
        """Engines load in processes of their own: one that cannot is replaced before the user has
        spoken to it in vain."""
        for kind in (Kind.ASR, Kind.DIALOGUE, Kind.TTS):
            engine = self.rack.engines.get(kind)
            if not isinstance(engine, LoadsInBackground):
                continue
            try:
                engine.wait_ready()
            except AvatarError as error:
                if not self._closed and self.rack.engines.get(kind) is engine:
                    self._supervisor.substitute(kind, error.message)

    def _speaker(self, name: str | None) -> Loudspeaker | FileSpeaker:
        """A loudspeaker; or, under the name of a WAV file, that file."""
        read = self.conversation.playback.read
        if name is not None and name.lower().endswith(".wav"):
            return FileSpeaker(Path(name).expanduser(), read, self._notice)
        return Loudspeaker(name, read, self._notice)

    def _hear(self, event: Event) -> None:
        silent = self._silence.lasts(event)
        if self._loudspeaker is not None:
            self._loudspeaker.need(needed=not silent)
        self._post(event)

    def _notice(self, message: str, hint: str) -> None:
        self._post(Noticed(message, hint))
