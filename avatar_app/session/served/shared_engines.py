"""The engines of a server: recognizer, dialogue and voice, shared by all its clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from avatar_app.core.engines import Dialogue, HasSpeakers
from avatar_app.core.errors import AvatarError, ConfigInvalid, choose_one_of
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.turn import Turn
from avatar_app.core.values import SpeechChunk
from avatar_app.models.resolve import with_model_path
from avatar_app.pipeline.output.clauses import split_clauses
from avatar_app.runtime.engine_set import EngineSet, create_engine
from avatar_app.runtime.factory import engine_factory
from avatar_app.runtime.fallback.engine_switch import LoadsInBackground
from avatar_app.runtime.kinds import BUILTIN, choices
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.memory.evictable import EvictableDialogue
from avatar_app.runtime.ray.cluster import joined_cluster, leave_cluster
from avatar_app.runtime.ray.replica import RayReplica
from avatar_app.runtime.registry import Registry
from avatar_app.runtime.sharing.clients import SharedDialogue, SharedRecognizer, SharedSynthesizer
from avatar_app.runtime.sharing.replicas import ReplicaPool
from avatar_app.session.served.measured_speech import (
    MeasuredVoice,
    SynthesisSubject,
    measured,
)
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.speech.text_to_speech import check_text, options_for
from avatar_app.storage.syntheses import Synthesis
from avatar_app.system.memory import MemoryFootprint
from avatar_app.system.paths import AppPaths
from avatar_app.voices.resolve import with_open_voice

SESSION_MB = 60.0
"""Memory of a conversation besides the shared engines: its own detectors and what it remembers."""
SHARED = (Kind.TTS, Kind.ASR, Kind.DIALOGUE)
UNUSED_SECONDS = 300.0
"""Time after which a replica that nobody uses is closed; it is loaded again when it is needed."""
_VARYING = ("voice", "language", "speed")
"""Options of a voice in which clients may differ."""


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    """How a client wants to hear a text; None: as the settings say."""

    voice: str | None = None
    speed: float | None = None
    language: str | None = None


class SharedEngines:
    """Loads the engines that the settings choose, as often as they are needed at once, and hands
    out clients of them. Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        paths: AppPaths,
        notice: Callable[[Noticed], None],
        sessions: int,
        voices: int = 1,
        *,
        on_ray: bool = False,
    ) -> None:
        """`sessions`: conversations that may hear at once, each with a recognizer of its own while
        somebody speaks; `voices`: replicas of the voice and of the dialogue. `on_ray`: they are
        actors of a Ray cluster."""
        self.settings, self.paths, self.notice = settings, paths, notice
        self.synthesized: Callable[[Synthesis], None] = _ignore
        """Receives how each synthesis went, in the thread that made it."""
        self.wake_phrase: str | None = None
        """Of the wake word, which has to be loaded to know it; None before that."""
        self._on_ray = on_ray
        self.registry = Registry(user_paths=paths)
        self.manifests: dict[Kind, Manifest] = {}
        self._options: dict[Kind, dict[str, Any]] = {}
        self._conversations: set[object] = set()
        self.broker = MemoryBroker.of(paths, settings.memory_limits)
        most = {Kind.TTS: voices, Kind.DIALOGUE: voices, Kind.ASR: sessions + 1}
        self.pools = {
            kind: ReplicaPool(
                self.registry.find(kind, self._choice(kind).engine).title,
                partial(self._make, kind),
                most[kind],
            )
            for kind in SHARED
        }

    def load(self) -> None:
        """Load one engine of each kind; where that fails, the built-in one is used, with a notice.
        Takes as long as the engines do."""
        if self._on_ray:
            joined_cluster()
        for kind in SHARED:
            self.pools[kind].load()

    @contextmanager
    def admitted(self, name: str) -> Iterator[None]:
        """Lease memory for one more conversation while it lasts, and load a recognizer for it in
        the background. Raises OutOfMemory."""
        here = object()
        with closing(self.broker.reserve(name, MemoryFootprint(SESSION_MB, 0))):
            self._conversations.add(here)
            self.pools[Kind.ASR].prepare(len(self._conversations))
            try:
                yield
            finally:
                self._conversations.discard(here)

    def trim(self) -> None:
        """Close replicas that were not used for a while. One of each kind stays, and a recognizer
        for each conversation. Takes as long as closing does."""
        for kind, pool in self.pools.items():
            keep = len(self._conversations) if kind is Kind.ASR else 1
            pool.trim(keep, UNUSED_SECONDS)

    def recognizer(self, client: str, language: str | None = None) -> SharedRecognizer:
        """Return a recognizer for one client. Raises ConfigInvalid for a language that it does not
        understand."""
        options = {} if language is None else self._spoken(language)
        return SharedRecognizer(self.pools[Kind.ASR], client, options)

    def voice(self, client: str, request: VoiceRequest | None = None) -> MeasuredVoice:
        """Return a voice for one client's conversation. Raises ConfigInvalid for what the voice
        does not have."""
        asked = request or VoiceRequest()
        subject = self._subject(client, asked)
        return MeasuredVoice(self._voice(client, asked), subject, self.synthesized)

    def dialogue(self, client: str) -> Dialogue:
        """Return a dialogue engine for one client, which closes it. The built-in one, which keeps
        the last exchange and weighs little, belongs to the client alone."""
        manifest = self.manifests[Kind.DIALOGUE]
        builtin = self.registry.find(Kind.DIALOGUE, BUILTIN[Kind.DIALOGUE])
        if manifest.name == builtin.name:
            own: Dialogue = create_engine(self.registry, builtin, self._options[Kind.DIALOGUE])
            return own
        skills = create_engine(self.registry, builtin, {})
        return SharedDialogue(self.pools[Kind.DIALOGUE], client, skills=skills)

    def speech(
        self, client: str, text: str, request: VoiceRequest, turn: Turn
    ) -> Iterator[SpeechChunk]:
        """Yield the speech of a text, clause by clause. Raises InputInvalid for a text without
        anything to say, ConfigInvalid for what the voice does not have."""
        check_text(text)
        speech = self._spoken_clauses(self._voice(client, request), text, turn)
        subject = replace(self._subject(client, request), characters=len(text))
        return measured(speech, subject, self.synthesized)

    def voices(self) -> tuple[str, ...]:
        """Return the names of the voice's speakers; empty where it has one."""
        manifest = self.manifests[Kind.TTS]
        engine: Any = self.registry.load_class(manifest)
        if not isinstance(engine, HasSpeakers):
            return ()
        return engine.speakers(
            **with_model_path(dict(self._options[Kind.TTS]), manifest, self.paths)
        )

    def close(self) -> None:
        """Close all engines; their clients must be closed."""
        for pool in self.pools.values():
            pool.close()
        if self._on_ray:
            leave_cluster()

    def _voice(self, client: str, request: VoiceRequest) -> SharedSynthesizer:
        return SharedSynthesizer(self.pools[Kind.TTS], client, self._voice_options(request))

    def _subject(self, client: str, request: VoiceRequest) -> SynthesisSubject:
        return SynthesisSubject(client, self.manifests[Kind.TTS].name, request.voice or "")

    def _choice(self, kind: Kind) -> EngineChoice:
        return choices(self.settings)[kind]

    def _make(self, kind: Kind) -> Any:
        """Create a replica. The first one decides which engine it is; others are made alike."""
        if self._on_ray:
            return self._make_on_ray(kind)
        engine_set = EngineSet(self.registry, broker=self.broker, notice=self.notice)
        engine_set.remembers = self.settings.history.keep
        if kind in self.manifests:
            name = self.manifests[kind].name
            engine = engine_set.put(kind, EngineChoice(engine=name, options=self._options[kind]))
            _wait_ready(engine)
            return engine
        engine_set.put_or_builtin(kind, self._choice(kind), self.notice)
        try:
            _wait_ready(engine_set.engines[kind])
        except AvatarError as error:
            self.notice(Noticed(error.message, "The built-in engine is used instead."))
            engine_set.engines[kind].close()
            _wait_ready(engine_set.put(kind, EngineChoice(engine=BUILTIN[kind])))
        engine, manifest = engine_set.engines[kind], engine_set.manifests[kind]
        self.manifests[kind], self._options[kind] = manifest, dict(engine.options)
        if isinstance(engine, EvictableDialogue):
            engine.skills = None  # each client has its own, as they keep the last exchange
        return engine

    def _make_on_ray(self, kind: Kind) -> RayReplica:
        choice = self._choice(kind)
        manifest = self.registry.find(kind, choice.engine)
        options = dict(choice.options)
        self.manifests[kind], self._options[kind] = manifest, options
        make = engine_factory(
            self.registry, manifest, options, remembers=self.settings.history.keep
        )
        return RayReplica(make, manifest.title)

    def _spoken(self, language: str) -> dict[str, Any]:
        manifest = self.manifests[Kind.ASR]
        if any(option.name == "language" for option in manifest.options):
            return manifest_options(manifest, {"language": language})
        if language.split("-")[0].lower() not in manifest.languages:
            raise ConfigInvalid(
                f"{manifest.title} does not understand {language!r}.",
                choose_one_of(manifest.languages),
            )
        return {}

    def _voice_options(self, request: VoiceRequest) -> dict[str, Any]:
        manifest = self.manifests[Kind.TTS]
        known = manifest.checked(self._options[Kind.TTS])
        usual = {name: known[name] for name in _VARYING if name in known}
        asked = options_for(manifest, request.voice, request.language, request.speed)
        if "voice" in asked:
            self._check_voice(manifest, asked["voice"])
        return with_open_voice(usual | asked, manifest, self.paths)

    def _check_voice(self, manifest: Manifest, name: str) -> None:
        names = self.voices()
        if names and name not in names and not manifest.clones:
            raise ConfigInvalid(f"{manifest.title} has no voice {name!r}.", choose_one_of(names))

    def _spoken_clauses(
        self, voice: SharedSynthesizer, text: str, turn: Turn
    ) -> Iterator[SpeechChunk]:
        for clause in split_clauses([text]):
            yield from voice.speak(clause, turn)


def _wait_ready(engine: Any) -> None:
    """Wait for an engine that loads in a process; raises what its constructor raised."""
    if isinstance(engine, LoadsInBackground):
        engine.wait_ready()


def _ignore(_synthesis: Synthesis) -> None:
    """Nobody wants to know."""


def manifest_options(manifest: Manifest, options: dict[str, Any]) -> dict[str, Any]:
    """Return these options, checked, without the others. Raises ConfigInvalid."""
    checked = manifest.checked(options)
    return {name: checked[name] for name in options}
