"""A scripted session with a real face, for screenshots in the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.agents.mcp.collection import McpLibrary
from avatar_app.core.engines import Face
from avatar_app.core.events import Event, State, StateChanged, TurnEnded
from avatar_app.core.jobs import Job
from avatar_app.core.listeners import Listeners
from avatar_app.core.manifest import Manifest
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    AudioChunk,
    FaceState,
    MouthShape,
    SpeechChunk,
    VideoFrame,
    Viseme,
)
from avatar_app.performance.starter import StarterItem
from avatar_app.session.avatar_choices import NewCharacter
from avatar_app.session.checks.device_checks import AudioChecks
from avatar_app.session.clip_studio import ClipStudio
from avatar_app.session.engine_loads import EngineLoads
from avatar_app.session.model_library import ModelLibrary
from avatar_app.session.offline.sample_avatars import SampleAvatars
from avatar_app.session.performance_reports import PerformanceReports
from avatar_app.session.persona_choices import PersonaChoices
from avatar_app.session.personas import own_personas
from avatar_app.session.session import Devices
from avatar_app.session.starter import Offer, Starter, StarterOutcome, StarterProgress
from avatar_app.session.stored_conversations import StoredConversations
from avatar_app.session.stored_data import StoredData
from avatar_app.session.stored_memories import StoredMemories
from avatar_app.session.voice_cloning import VoiceCloner
from avatar_app.session.voice_gallery import VoiceGallery
from avatar_app.settings.schema import EngineChoice
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.history import History
from avatar_app.system.paths import AppPaths
from avatar_app.system.updates.client import UpdateClient
from avatar_app.ui.screenshots.scripted_parts import (
    ScriptedChecks,
    ScriptedCloner,
    ScriptedStored,
    ScriptedVoices,
)

_LOOKS = {
    State.IDLE: FaceState.IDLE,
    State.LISTENING: FaceState.LISTENING,
    State.THINKING: FaceState.THINKING,
    State.SPEAKING: FaceState.SPEAKING,
}
SETTLED = 8
"""Frames after which a face shows its expression."""
RATE = 16_000


class _NothingToOffer:
    """A `Starter` with nothing to offer."""

    def offer(self) -> Offer:
        return Offer.NO

    def postpone(self) -> None:
        """Do nothing: it was never offered."""

    def items(self) -> tuple[StarterItem, ...]:
        return ()

    def get(
        self,
        items: Iterable[StarterItem],
        _job: Job[StarterOutcome],
        _watch: Callable[[StarterProgress], None],
    ) -> StarterOutcome:
        """Do nothing: screenshots do not use it."""
        return StarterOutcome(tuple(items))

    def undo(self) -> None:
        """Do nothing: nothing was replaced."""


def _no_face(_character: str, _face: EngineChoice) -> Mapping[str, Any]:
    return {}


class ScriptedSession:
    """Implements `Session` without a conversation; `post` scripts its events."""

    def __init__(
        self,
        face: Face,
        character: str,
        settings: SettingsStore,
        models: ModelLibrary,
        performance: PerformanceReports,
        avatars: SampleAvatars,
        manifests: tuple[Manifest, ...] = (),
        *,
        history: History,
        paths: AppPaths,
    ) -> None:
        self.models, self.performance = models, performance
        self.avatars, self.studio, self.sample_photo = avatars
        self.clips = ClipStudio(settings, paths)
        self.character, self.settings, self.manifests = character, settings, manifests
        self.loads = EngineLoads()
        settings.know_engines(manifests)
        self.starter: Starter = _NothingToOffer()
        self.checks: AudioChecks = ScriptedChecks()
        self.voices: VoiceGallery = ScriptedVoices()
        self.cloner: VoiceCloner = ScriptedCloner()
        self.user_data: StoredData = ScriptedStored()
        self.tool_servers = McpLibrary(paths)
        self.memories = StoredMemories(paths)
        self.updates = UpdateClient(paths.updates)
        self.personas = PersonaChoices(
            own_personas(paths.config), settings, _no_face, self._unasked, self._unasked
        )
        self.conversations = StoredConversations(history, self._unasked, settings, paths)
        self._face = face
        self._listeners = Listeners[Event]()
        self._frame = self._resting(FaceState.IDLE)

    def post(self, *events: Event) -> None:
        """Report `events` to the window; the face takes on the last state among them."""
        for event in events:
            if isinstance(event, StateChanged):
                speaking = event.state is State.SPEAKING
                self._frame = self._speaking() if speaking else self._resting(_LOOKS[event.state])
            self._listeners(event)

    def start(self) -> None:
        """Do nothing: everything exists already."""

    def close(self) -> None:
        self.models.close()
        self.clips.close()

    def _unasked(self, *_: Any, **_flags: Any) -> None:
        """Do nothing: screenshots do not use it."""

    look = windows = show = show_file = act_on_page = attend = _unasked
    type = say_again = correct = decide = interrupt = hold = mute = use_character = forget = (
        _unasked
    )

    def frame(self) -> VideoFrame | None:
        return self._frame

    def next_frame_in(self) -> float:
        return 0.0

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        return self._listeners.subscribe(listener)

    def devices(self) -> Devices:
        return Devices(("Built-in microphone",), ("Built-in speakers",), None, None)

    def characters(self) -> tuple[str, ...]:
        return (self.character,)

    def make_character(self, source: Path, _job: Job[NewCharacter]) -> NewCharacter:
        return NewCharacter(source.stem)

    def transcript(self, limit: int) -> tuple[TurnEnded, ...]:
        return ()[:limit]

    def _resting(self, look: FaceState) -> VideoFrame:
        frame = self._face.rest(look)
        for _ in range(SETTLED):
            frame = self._face.rest(look, frame)
        return frame

    def _speaking(self) -> VideoFrame:
        """Return speech in the middle of a vowel."""
        times = np.arange(RATE) / RATE
        vowel = (0.12 * np.sin(2 * np.pi * 180 * times)).astype(np.float32)
        speech = SpeechChunk(AudioChunk(vowel, RATE), visemes=(Viseme(MouthShape.E, 0.0),))
        frames = self._face.perform(iter([speech]), Turn(0), self._resting(FaceState.SPEAKING))
        return list(islice(frames, int(0.4 * self._face.fps)))[-1]
