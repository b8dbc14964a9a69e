"""A session without a conversation: notes what is asked, posts events from its own thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from fake_parts import FakeChecks, FakeStored, FakeVoices
from scripted_microphone import ScriptedMicrophone, ScriptedRecognizer

from avatar_app.agents.mcp.collection import McpLibrary
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.builds import PageAct
from avatar_app.core.errors import AvatarError
from avatar_app.core.events import CharacterShown, ConversationBegan, Event, TurnEnded
from avatar_app.core.jobs import Job
from avatar_app.core.listeners import Listeners
from avatar_app.core.manifest import Manifest
from avatar_app.core.prompt import PicturePart
from avatar_app.core.values import VideoFrame
from avatar_app.models.catalog import CATALOG, STARTER, read_catalog
from avatar_app.models.transfer import DownloadOptions
from avatar_app.performance.starter import StarterItem
from avatar_app.pipeline.commands import BecomePersona, BeginConversation, Command
from avatar_app.runtime.registry import Registry
from avatar_app.session.avatar_choices import AvatarChoices, NewCharacter
from avatar_app.session.avatar_gallery import AvatarGallery
from avatar_app.session.avatar_studio import AvatarStudio
from avatar_app.session.clip_studio import ClipStudio
from avatar_app.session.engine_loads import EngineLoads
from avatar_app.session.model_library import ModelLibrary
from avatar_app.session.performance_reports import PerformanceReports
from avatar_app.session.persona_choices import PersonaChoices
from avatar_app.session.personas import own_personas
from avatar_app.session.session import Devices
from avatar_app.session.starter import Offer, StarterOutcome, StarterProgress
from avatar_app.session.stored_conversations import StoredConversations
from avatar_app.session.stored_memories import StoredMemories
from avatar_app.session.voice_cloning import UserVoiceCloner
from avatar_app.settings.schema import EngineChoice
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.history import History
from avatar_app.system.open_windows import OpenWindow
from avatar_app.system.paths import app_paths, shipped
from avatar_app.system.updates.client import UpdateClient

REGISTRY = Registry()
QUICK = DownloadOptions(tries=2, first_wait=0.001, silence=5.0, connections=1)
"""How models of a test are fetched."""
MODELS = read_catalog(shipped("models") / CATALOG).find_all([STARTER])
Listener = Callable[[Event], None]


def gradient(width: int = 320, height: int = 180) -> np.ndarray:
    """A picture that stands for a face."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    red = 90 + 90 * x / width
    green = 70 + 60 * y / height
    blue = 160 - 40 * x / width
    picture = np.stack([red, green, blue], axis=-1)
    inside = ((x - width / 2) / (height * 0.3)) ** 2 + ((y - height / 2) / (height * 0.38)) ** 2 < 1
    picture[inside] = (236, 190, 160)
    return np.ascontiguousarray(picture.astype(np.uint8))


def _face_of(character: str, _face: EngineChoice) -> dict[str, Any]:
    return {"face.options.character": character}


class FakeStarter:
    """Fetches nothing: reports what a test put in, and waits until it may go on."""

    def __init__(self) -> None:
        self.due = Offer.NO
        self.lacking = tuple(StarterItem(model, model.bytes or 0) for model in MODELS)
        self.progress: list[StarterProgress] = []
        self.failures: tuple[tuple[StarterItem, AvatarError], ...] = ()
        self.error: AvatarError | None = None
        self.got: list[tuple[StarterItem, ...]] = []
        self.times_postponed = self.times_undone = 0
        self.may_finish = threading.Event()
        self.may_finish.set()

    def offer(self) -> Offer:
        return self.due

    def postpone(self) -> None:
        self.times_postponed += 1

    def undo(self) -> None:
        self.times_undone += 1

    def items(self) -> tuple[StarterItem, ...]:
        return self.lacking

    def get(
        self,
        items: Iterable[StarterItem],
        job: Job[StarterOutcome],
        watch: Callable[[StarterProgress], None],
    ) -> StarterOutcome:
        self.got.append(tuple(items))
        for progress in self.progress:
            watch(progress)
        while not self.may_finish.wait(0.01):
            job.check()
        if self.error is not None:
            raise self.error
        failed = [item for item, _ in self.failures]
        at_work = tuple(item for item in self.got[-1] if item not in failed)
        return StarterOutcome(at_work, self.failures)


class FakeSession:
    """Answers at once; `calls` is everything the window asked, in order."""

    def __init__(
        self,
        history: tuple[TurnEnded, ...] = (),
        manifests: tuple[Manifest, ...] = (),
        **preferences: Any,
    ) -> None:
        """`preferences`: the window's, as an environment would say; the transcript is shown."""
        shown = {"transcript": True, "first_steps": "shown", "language": "en"} | preferences
        environ = {f"AVATAR_WINDOW__{name.upper()}": f"{value}" for name, value in shown.items()}
        self.settings = SettingsStore(app_paths().settings_file, environ)
        self.settings.know_engines(manifests)
        self.manifests, self.loads = manifests, EngineLoads()
        self.character = "mira"
        self.starter = FakeStarter()
        registry = copy(REGISTRY)
        registry.paths = app_paths()  # of this test
        self.models = ModelLibrary(self.settings, app_paths(), registry, QUICK)
        self.performance = PerformanceReports(self.settings, app_paths(), REGISTRY)
        self.checks, self.voices, self.user_data = FakeChecks(), FakeVoices(), FakeStored()
        self.microphone, self.recognizer = ScriptedMicrophone(), ScriptedRecognizer()
        self.cloner = UserVoiceCloner(
            app_paths(), self.microphone, lambda: self.recognizer, self.checks.play
        )
        choices = AvatarChoices(REGISTRY, AvatarLibrary.of(app_paths()))
        self.avatars = AvatarGallery(choices, self.settings, app_paths())
        self.clips = ClipStudio(self.settings, app_paths())
        self.studio = AvatarStudio(choices, self.settings, app_paths())
        self.sample_photo = Path("/photos/nobody.png")
        self.updates = UpdateClient(app_paths().updates)
        self.calls: list[tuple[Any, ...]] = []
        self.history = history
        self.threads: set[str] = set()
        self.picture = VideoFrame(gradient(), 0.0)
        self.error: Exception | None = None
        self.open_windows: tuple[OpenWindow, ...] | None = None
        self.now = Devices(("Desk microphone", "Headset"), ("Monitor", "Headset"), "Headset")
        self.made = NewCharacter("ada")
        self.may_finish = threading.Event()
        self.may_finish.set()
        self._listeners = Listeners[Event]()
        self._outbox: queue.SimpleQueue[Event | threading.Event | None] = queue.SimpleQueue()
        self._poster = threading.Thread(target=self._post_all, name="fake-session", daemon=True)
        self._poster.start()

    def post(self, *events: Event) -> None:
        """Send events from the session's own thread; returns when they have been handed over."""
        for event in events:
            self._outbox.put(event)
        done = threading.Event()
        self._outbox.put(done)
        assert done.wait(60)

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of all calls of one method."""
        return [call[1:] for call in self.calls if call[0] == name]

    def _post_all(self) -> None:
        while (item := self._outbox.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
                continue
            self._listeners(item)

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        self.threads.add(threading.current_thread().name)
        if self.error is not None:
            raise self.error

    def start(self) -> None:
        self._note("start")

    def close(self) -> None:
        self._note("close")
        if "stored" in self.__dict__:
            self.stored.close()
        self.models.close()
        self.clips.close()
        self._outbox.put(None)
        self._poster.join()

    def type(self, text: str) -> None:
        self._note("type", text)

    @cached_property
    def memories(self) -> StoredMemories:
        """A real one, in the user's folder of the test."""
        return StoredMemories(app_paths())

    @cached_property
    def tool_servers(self) -> McpLibrary:
        """A real one, in the user's folder of the test."""
        return McpLibrary(app_paths(), lambda: self._note("tools changed"))

    @cached_property
    def stored(self) -> History:
        """What the history page shows: a real one, for a test to fill."""
        return History(app_paths().history_file)

    @cached_property
    def conversations(self) -> StoredConversations:
        return StoredConversations(self.stored, self._send, self.settings, app_paths())

    @cached_property
    def personas(self) -> PersonaChoices:
        library = own_personas(app_paths().config)
        return PersonaChoices(library, self.settings, _face_of, self._send, self.post)

    def _send(self, command: Command) -> None:
        """Carry out what concerns conversations and personas."""
        if isinstance(command, BecomePersona):
            self._note("become_persona", command.system)
            return
        assert isinstance(command, BeginConversation)
        self._note("begin_conversation", command.conversation)
        self.stored.begin(command.conversation)
        self.post(ConversationBegan(command.conversation, command.turns))

    def say_again(self, text: str) -> None:
        self._note("say_again", text)

    def look(self, at: str) -> None:
        self._note("look", at)

    def windows(self) -> tuple[OpenWindow, ...] | None:
        return self.open_windows

    def show(self, picture: PicturePart) -> None:
        self._note("show", picture)

    def show_file(self, path: Path) -> None:
        self._note("show_file", path)

    def act_on_page(self, act: PageAct) -> None:
        self._note("act_on_page", act)

    def decide(self, request_id: int, *, agreed: bool) -> None:
        self._note("decide", request_id, agreed)

    def correct(self, turn_id: int, text: str) -> None:
        self._note("correct", turn_id, text)

    def interrupt(self) -> None:
        self._note("interrupt")

    def hold(self, *, held: bool) -> None:
        self._note("hold", held)

    def attend(self, *, visible: bool) -> None:
        self._note("attend", visible)

    def mute(self, *, muted: bool) -> None:
        self._note("mute", muted)

    def frame(self) -> VideoFrame | None:
        return self.picture

    def next_frame_in(self) -> float:
        return 0.0

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        return self._listeners.subscribe(listener)

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def devices(self) -> Devices:
        self._note("devices")
        return self.now

    def characters(self) -> tuple[str, ...]:
        return ("mira", "otto")

    def use_character(self, name: str) -> None:
        self._note("use_character", name)
        self.character = name
        self.post(CharacterShown(name))

    def make_character(self, source: Path, job: Job[NewCharacter]) -> NewCharacter:
        """Stops half-way until it may go on, or is cancelled."""
        self._note("make_character", source)
        job.report(0.5, "Looking for the face")
        while not self.may_finish.wait(0.01):
            job.check()
        return self.made

    def transcript(self, limit: int) -> tuple[TurnEnded, ...]:
        self._note("transcript", limit)
        return self.history[-limit:]

    def forget(self) -> None:
        self._note("forget")
