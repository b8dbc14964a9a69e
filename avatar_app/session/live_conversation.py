"""A live conversation: engines, sound devices, tools and supervision."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from avatar_app.core.engines import Face
from avatar_app.core.errors import AvatarError, DeviceUnavailable
from avatar_app.core.events import Event, Noticed, State, StateChanged
from avatar_app.core.manifest import Kind
from avatar_app.pipeline import commands
from avatar_app.runtime.fallback.engine_switch import LoadsInBackground, notice_of_staying
from avatar_app.runtime.registry import Registry
from avatar_app.session.assistant_tools import AppControls
from avatar_app.session.build import Surroundings, assemble
from avatar_app.session.engine_loads import EngineLoads
from avatar_app.session.live_devices import LiveDevices
from avatar_app.session.speaking_first.wishes import FirstWishes
from avatar_app.session.video_call import VideoCall
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.system.paths import AppPaths

SILENT_SECONDS = 10.0
"""Seconds of silence after which the loudspeaker stream stops. Wireless headsets take a moment to
wake, so this must not happen between two turns."""


class Silence:
    """Detects from a conversation's events that nothing is played, nor will be soon."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = clock()
        self._idle = True

    def lasts(self, event: Event) -> bool:
        """Whether nobody has had the floor for SILENT_SECONDS."""
        if isinstance(event, StateChanged):
            self._idle, self._since = event.state is State.IDLE, self._clock()
        return self._idle and self._clock() - self._since >= SILENT_SECONDS


class LiveConversation:
    """Engines, conversation, devices and tools. Opening takes as long as the engines do."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        paths: AppPaths,
        controls: AppControls,
        post: Callable[[Event], None],
        face_loaded: Callable[[Face], None] | None = None,
        wishes: FirstWishes | None = None,
        loads: EngineLoads | None = None,
    ) -> None:
        self._post, self._loads = post, loads or EngineLoads()
        self._closed = False
        self._call_settings = settings.video_call
        self._silence = Silence(time.monotonic)
        self._devices: LiveDevices | None = None
        self._tools_hear: Callable[[Event], None] = lambda _event: None
        self._loading = threading.Thread(target=self._watch_loading, name="loading", daemon=True)
        around = Surroundings(
            settings=settings,
            registry=registry,
            paths=paths,
            controls=controls,
            post=self._forward,
            notice=post,
            clock=time.monotonic,
            face_loaded=face_loaded,
            wishes=wishes,
        )
        with ExitStack() as opened:
            parts = assemble(around, opened)
            self.engine_set, self._tools = parts.engines, parts.tools
            self.conversation, self._supervisor = parts.conversation, parts.supervisor
            self._tools_hear = parts.tools.hear
            self.pages, self.initiative = parts.pages, parts.tools.initiative
            for text in self._tools.notices:
                post(Noticed(text))
            self.video_call = VideoCall(self.conversation.frame, self._notice)
            opened.callback(self.video_call.close)
            self.devices = LiveDevices(
                settings.audio,
                self.conversation,
                self._notice,
                lambda: self.conversation.engine_usage.of(
                    lambda: self.engine_set.engines[Kind.TTS]
                ),
                self.video_call.hear,
            )
            self._devices = self.devices
            self.microphone, self.speaker = self.devices.microphone, self.devices.speaker
            self._opened = opened.pop_all()

    def start(self) -> None:
        """Start listening and speaking."""
        self.devices.start()
        self.video_call.apply(self._call_settings)
        self._tools.start()
        self._loading.start()

    def use(
        self,
        kind: Kind,
        choice: EngineChoice,
        used: Callable[[], None],
        failed: Callable[[AvatarError], None] | None = None,
    ) -> None:
        """Load another engine in the background, and call `used` when it is in use: from the next
        turn on, a face from the next frame. If it cannot be loaded, nothing changes, and `failed`
        is called or the user is notified."""

        def loaded() -> None:
            self._loads.end(kind)
            used()

        def not_loaded(error: AvatarError) -> None:
            self._loads.end(kind)
            if failed is None:
                self._post(notice_of_staying(self.engine_set, kind, error))
            else:
                failed(error)

        self._loads.begin(kind)
        self._supervisor.use(kind, choice, loaded, not_loaded)

    def substitute(self, kind: Kind) -> None:
        """Replace an engine that cannot be used by the built-in one of its kind."""
        self._supervisor.substitute(kind)

    def forget_memory(self) -> None:
        """Delete the facts and notes that the user gave the avatar."""
        self._tools.forget()

    def forget_said(self) -> None:
        """Remember nothing of what was said so far."""
        self._tools.episode.forget()

    def forget_agenda(self) -> None:
        """Delete all timers and reminders."""
        self._tools.forget_agenda()

    def read_document(self, path: Path) -> None:
        """Read a text file, to quote it in answers. Raises InputInvalid."""
        self._tools.documents.read(path)

    def reload_tools(self) -> None:
        """Use other tools of other programs from the next answer on."""
        self._tools.reload()
        self.conversation.send(commands.OfferTools(self._tools.descriptions))

    def forget_calls(self) -> None:
        """Delete the log of what the avatar did."""
        self._tools.forget_calls()

    def close(self) -> None:
        """Stop playing and release everything."""
        self._closed = True
        self.devices.close()
        self.conversation.send(commands.Interrupt())  # so that all engines are free soon
        self._opened.close()
        if self._loading.ident is not None:
            self._loading.join()  # its engines are closed, so it waits for nothing

    def _watch_loading(self) -> None:
        """Watch engines that load in processes of their own, so that one that cannot be loaded is
        replaced before the user speaks to it in vain."""
        for kind in (Kind.ASR, Kind.DIALOGUE, Kind.TTS):
            engine = self.engine_set.engines.get(kind)
            if not isinstance(engine, LoadsInBackground):
                continue
            try:
                with self._loads.loading(kind):
                    engine.wait_ready()
            except AvatarError as error:
                if not self._closed and self.engine_set.engines.get(kind) is engine:
                    self._supervisor.substitute(kind, error.message)

    def _forward(self, event: Event) -> None:
        silent = self._silence.lasts(event)
        if self._devices is not None:
            self._devices.need_speaker(needed=not silent)
        self._tools_hear(event)
        self._post(event)

    def _notice(self, message: str, hint: str) -> None:
        """Report what became of a device, with the class that leads to the page of devices."""
        self._post(Noticed(message, hint, DeviceUnavailable))
