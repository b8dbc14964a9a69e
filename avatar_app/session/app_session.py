"""The application session without its window: one conversation, its devices, and storage."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from avatar_app.agents.mcp.collection import McpLibrary
from avatar_app.audio.backend import list_devices
from avatar_app.avatars.detection.faces import face_detector_factory
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.engines import Face
from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.events import Event, Failed, Noticed, TurnEnded
from avatar_app.core.jobs import Job
from avatar_app.core.listeners import Listeners
from avatar_app.core.manifest import Kind
from avatar_app.core.values import FaceState, VideoFrame
from avatar_app.performance.latency import LatencyRecorder
from avatar_app.pipeline import commands
from avatar_app.runtime.registry import Registry
from avatar_app.runtime.speech_cache.cached_voice import speech_cache_from
from avatar_app.session.avatar_choices import AvatarChoices, NewCharacter
from avatar_app.session.avatar_studio import gallery_and_studio
from avatar_app.session.checks.device_checks import AudioChecks, LiveAudioChecks
from avatar_app.session.clip_studio import ClipStudio
from avatar_app.session.conversation_commands import ConversationCommands
from avatar_app.session.engine_loads import EngineLoads
from avatar_app.session.engine_selection import EngineSelection
from avatar_app.session.eyes import LocalEyes
from avatar_app.session.model_library import ModelLibrary
from avatar_app.session.performance_reports import PerformanceReports, processes_of
from avatar_app.session.persona_choices import PersonaChoices
from avatar_app.session.personas import own_personas
from avatar_app.session.session import Devices
from avatar_app.session.speaking_first.wishes import StoredWishes
from avatar_app.session.spoken_language import spoken_language
from avatar_app.session.starter import Starter
from avatar_app.session.starter_installer import StarterInstaller
from avatar_app.session.stored_conversations import StoredConversations
from avatar_app.session.stored_data import StoredData, StoredKind, UserStoredData
from avatar_app.session.stored_memories import StoredMemories
from avatar_app.session.user_voice_gallery import UserVoiceGallery
from avatar_app.session.voice_cloning import VoiceCloner, live_cloner
from avatar_app.session.voice_gallery import VoiceGallery
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.settings.store import SettingsChange, SettingsStore
from avatar_app.storage.believed_time import believed_time
from avatar_app.storage.erasure import erase_conversations
from avatar_app.storage.history import History
from avatar_app.storage.recorder import ConversationRecorder
from avatar_app.system.paths import AppPaths
from avatar_app.system.updates.client import UpdateClient

if TYPE_CHECKING:  # they are loaded when the window is there
    from avatar_app.session.live_conversation import LiveConversation
    from avatar_app.session.live_devices import LiveDevices

log = logging.getLogger(__name__)


class AppSession(ConversationCommands):
    """A `Session`: everything a window needs, independent of any window.

    `start` returns at once; engines and devices open in a thread. Commands sent before wait for it.
    """

    def __init__(self, settings: SettingsStore, paths: AppPaths) -> None:
        super().__init__()
        self.settings, self._paths = settings, paths
        self._listeners = Listeners[Event]()
        self._first_frame: VideoFrame | None = None
        self._opening = threading.Thread(target=self._run_opening, name="opening", daemon=True)
        history = settings.settings.history
        self._history = History(paths.history_file, self._post)
        self._recorder = ConversationRecorder(self._history) if history.keep else None
        self.conversations = StoredConversations(
            self._history, self._send, settings, paths, self._recorder
        )
        self._latency = LatencyRecorder(paths, history, self._post)
        self.registry = Registry()
        self.manifests = self.registry.all()
        settings.know_engines(self.manifests)
        self._characters = AvatarChoices(self.registry, AvatarLibrary.of(paths))
        self.avatars, self.studio = gallery_and_studio(self._characters, settings, paths)
        self.clips = ClipStudio(settings, paths)
        self._engines = EngineSelection(settings, self._characters, self._post)
        self.loads = EngineLoads()
        checks = LiveAudioChecks(self._opened, settings, self.registry)
        self.checks: AudioChecks = checks
        self.voices: VoiceGallery = UserVoiceGallery(settings, self.registry, paths, self.checks)
        self.cloner: VoiceCloner = live_cloner(paths, settings, self.registry, checks)
        erasures = {
            StoredKind.HISTORY: self.forget,
            StoredKind.MEMORY: self.forget_memory,
            StoredKind.AGENDA: self.forget_agenda,
            StoredKind.CALLS: self.forget_calls,
            StoredKind.MEASUREMENTS: self._latency.forget,
        }
        self.user_data: StoredData = UserStoredData(paths, erasures)
        self.tool_servers = McpLibrary(paths, self.reload_tools)
        self.memories = StoredMemories(paths)
        self.starter: Starter = StarterInstaller(self, settings, paths, self.registry)
        self.models = ModelLibrary(settings, paths, self.registry)
        self.updates = UpdateClient(paths.updates)
        self.performance = PerformanceReports(
            settings, paths, self.registry, lambda: processes_of(self._live)
        )
        own, faces = own_personas(paths.config), self._characters.settings_for
        self.personas = PersonaChoices(
            own, settings, faces, self._send, self._post, self._spoken_language
        )
        self._unfollow = settings.subscribe(self._follow)

    def start(self) -> None:
        self._opening.start()

    def wait_open(self) -> bool:
        """Block until `start` is done; returns False if it failed, which was posted as an event."""
        self._opening.join()
        return self._live is not None

    def _spoken_language(self, settings: Settings) -> str:
        return spoken_language(settings, self.registry)

    def _opened(self) -> LiveDevices | None:
        return self.live_devices() if self.wait_open() else None

    def close(self) -> None:
        self._unfollow()
        if self._opening.ident is not None:
            self._opening.join()
        with self._lock:
            live, self._live, self._first_frame = self._live, None, None
            self._engines.detach()
        if live is not None:
            live.close()
        if self._recorder is not None:
            self._recorder.close()
        self.voices.rest()
        self.cloner.discard()
        self._latency.close()
        self.models.close()
        self.clips.close()
        self._history.close()

    def frame(self) -> VideoFrame | None:
        live = self._live
        return (live.conversation.frame() if live else None) or self._first_frame

    def next_frame_in(self) -> float:
        live = self._live
        return live.conversation.next_frame_in() if live else 0.0

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        return self._listeners.subscribe(listener)

    def devices(self) -> Devices:
        return _devices(self._live)

    def characters(self) -> tuple[str, ...]:
        return self._characters.names()

    @property
    def character(self) -> str:
        return self._engines.character

    def use_character(self, name: str) -> None:
        if self._opening.ident is not None:
            self._opening.join()
        self._engines.use_character(name)

    def make_character(self, source: Path, job: Job[NewCharacter]) -> NewCharacter:
        avatars = self.settings.settings.avatars
        detector = face_detector_factory(avatars, self._paths.models)
        return self._characters.make(source, job, detector)

    def use(
        self,
        kind: Kind,
        choice: EngineChoice,
        then: Callable[[], None] = lambda: None,
        failed: Callable[[AvatarError], None] | None = None,
    ) -> None:
        """Use another engine and save the choice, see `EngineSelection.use`. Does nothing before
        the conversation is open."""
        self._engines.use(kind, choice, then, failed)

    def look(self, at: str) -> None:
        self.show(LocalEyes(self.settings.settings.sight.camera, self._post).look(at))

    def transcript(self, limit: int) -> tuple[TurnEnded, ...]:
        return self._history.recent(limit)

    def forget(self) -> None:
        self._send(commands.Forget())
        self._history.forget()
        self.forget_said()
        speech_cache_from(self._paths).forget()
        self._latency.forget()
        self.memories.forget_episodes()

    def _post(self, event: Event) -> None:
        if isinstance(event, Failed):
            log.warning("%s: %s %s", event.stage, event.message, event.hint)
        self._listeners(event)

    def _run_opening(self) -> None:
        try:
            self._begin()
        except AvatarError as error:
            self._first_frame = None
            self._post(Failed(None, "start", error.message, error.hint, type(error)))
        except Exception as error:  # a seam: the window would wait for ever, without a word
            log.exception("the conversation could not be opened")
            self._first_frame = None
            message = f"The conversation could not be opened: {error}."
            self._post(Failed(None, "start", message, "The log has the details.", EngineFailed))

    def _begin(self) -> None:
        for notice in (*self.settings.notices, *self.registry.notices):
            self._post(notice)
        self.user_data.purge()
        settings = self.settings.settings
        if self._recorder is not None:
            self.subscribe(self._recorder)
            erase_conversations(self._history.conversations, self._paths.memory_file)
            self._history.prune(settings.history.days, believed_time(self._paths))
        from avatar_app.session.live_conversation import LiveConversation  # open the window first

        wishes = StoredWishes(self.settings, self.registry)
        live = LiveConversation(
            settings, self.registry, self._paths, self, self._post, self._show, wishes, self.loads
        )
        self._latency.watch(live.engine_set.manifests, live.engine_set.used)
        self.subscribe(self._latency)
        self.subscribe(self.performance)
        live.start()
        with self._lock:
            self._live = live
            self._engines.attach(live, settings)
            for command in self._waiting:
                live.conversation.send(command)
            self._waiting.clear()
        self._engines.catch_up(settings)  # they may have changed meanwhile
        live.initiative.attend(visible=self._attended)
        self.say(live.initiative.greeting() or self.personas.current().greeting)
        live.pages.offer()
        for notice in self.models.notices():
            self._post(notice)

    def _follow(self, change: SettingsChange) -> None:
        """Apply changed settings, from here or elsewhere."""
        if change.problem is not None:
            self._post(Noticed(change.problem.message, change.problem.hint))
        self.personas.follow(change.settings)
        self._engines.follow(change)

    def _show(self, face: Face) -> None:
        self._first_frame = face.rest(FaceState.IDLE)  # updated while the other engines load


def _devices(live: LiveConversation | None) -> Devices:
    found = list_devices()
    return Devices(
        tuple(device.name for device in found if device.inputs),
        tuple(device.name for device in found if device.outputs),
        live.microphone.name if live else None,
        live.speaker.name if live else None,
    )
