"""The engines in use, one of each kind: create, replace by lighter ones, close."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Isolation, Kind, Manifest
from avatar_app.core.out_of_memory import as_out_of_memory
from avatar_app.engines.hosting.hosted import HOSTED
from avatar_app.models.resolve import license_notices
from avatar_app.runtime.factory import engine_factory, resolve_options
from avatar_app.runtime.fallback.quality_ladder import (
    QualityLadder,
    QualityLevel,
    Tier,
    build_levels,
)
from avatar_app.runtime.kinds import BUILTIN, PHOTO
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.memory.budget import MemoryLease
from avatar_app.runtime.memory.evictable import EVICTABLE, EvictableDialogue, EvictableEngine
from avatar_app.runtime.plain_voice import without_emotion_tags
from avatar_app.runtime.processor_shares import share_of
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.storage.measurements import Used


@dataclass(eq=False, slots=True)
class EngineSet:
    """The engines in use, one of each kind."""

    registry: Registry
    engines: dict[Kind, Any] = field(default_factory=dict)
    manifests: dict[Kind, Manifest] = field(default_factory=dict)
    choices: dict[Kind, EngineChoice] = field(default_factory=dict)
    """The user's choices; the engines in use may be lighter."""
    ladders: dict[Kind, QualityLadder] = field(default_factory=dict)
    fallback: Any = None
    """The face that takes over when the chosen one fails; None where that one is built in."""
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    notice: Callable[[Noticed], None] = field(default=lambda _notice: None)
    face_lease: MemoryLease | None = None
    clock: Callable[[], float] = time.monotonic
    remembers: bool = True
    """Whether voices may cache frequent sentences on disk."""

    @property
    def face_choice(self) -> EngineChoice:
        """Return the face that the user chose."""
        return self.choices.get(Kind.FACE, EngineChoice(engine=BUILTIN[Kind.FACE]))

    def put(self, kind: Kind, choice: EngineChoice, lighter: dict[str, Any] | None = None) -> Any:
        """Create the engine that the user chose and use it; the caller closes the previous one.
        `lighter`: options with which it fits beside the others."""
        manifest = self.registry.find(kind, choice.engine)
        used = choice if lighter is None else EngineChoice(engine=choice.engine, options=lighter)
        ladder = self._ladder(manifest, used)
        self._place(self._made(manifest, used.options, ladder), manifest)
        self.choices[kind], self.ladders[kind] = choice, ladder
        return self.engines[kind]

    def put_level(self, kind: Kind, level: QualityLevel) -> Any:
        """Create the chosen engine with a quality level's options, or the built-in one instead, and
        use it."""
        choice = self.choices[kind]
        if level.tier is Tier.BUILTIN:
            choice = EngineChoice(engine=BUILTIN[kind])
        manifest = self.registry.find(kind, choice.engine)
        options = choice.options | dict(level.options)
        self._place(self._made(manifest, options, self.ladders[kind]), manifest)
        return self.engines[kind]

    @contextmanager
    def replacing(self, kind: Kind) -> Iterator[None]:
        """On an error, restore the previous engine and close the one created meanwhile, unless
        `close` did so before."""
        before = {id(part): dict(part) for part in self._parts()}
        with ExitStack() as on_failure:
            on_failure.callback(self._put_back, kind, before)
            yield
            on_failure.pop_all()

    def _parts(self) -> tuple[dict[Kind, Any], ...]:
        return self.engines, self.manifests, self.choices, self.ladders

    def _put_back(self, kind: Kind, before: dict[int, dict[Kind, Any]]) -> None:
        failed, former = self.engines.get(kind), before[id(self.engines)].get(kind)
        if failed is None:  # `close` was faster, and has closed all of them
            return
        for part in self._parts():
            if kind in before[id(part)]:
                part[kind] = before[id(part)][kind]
        if failed is not former:
            failed.close()

    def _place(self, engine: Any, manifest: Manifest) -> None:
        self.engines[manifest.kind], self.manifests[manifest.kind] = engine, manifest

    def _ladder(self, manifest: Manifest, choice: EngineChoice) -> QualityLadder:
        has_builtin = manifest.name != BUILTIN[manifest.kind]
        if manifest.kind is Kind.FACE:
            has_builtin = self.fallback is not None
        return QualityLadder(
            build_levels(manifest, choice.options, has_fallback=has_builtin), self.clock
        )

    def _made(self, manifest: Manifest, options: dict[str, Any], ladder: QualityLadder) -> Any:
        make = partial(create_engine, self.registry, remembers=self.remembers)
        stays = manifest.name == BUILTIN[manifest.kind]
        if evictable := EVICTABLE.get(manifest.kind):
            made = evictable(manifest, options, make, self.broker, self.notice, ladder, stays=stays)
            if isinstance(made, EvictableDialogue) and not stays:
                made.skills = make(self.registry.find(manifest.kind, BUILTIN[manifest.kind]), {})
            return made
        if manifest.kind is Kind.FACE:
            self.lease_face(manifest, options, stays=stays)
        return make(manifest, options)

    def used(self) -> dict[Kind, Used]:
        """Return the engines in use and their models."""
        models = {
            kind: engine.options.get("model", "")
            for kind, engine in dict(self.engines).items()
            if isinstance(engine, EvictableEngine)
        }
        face = self.manifests.get(Kind.FACE)
        if face is not None and face.name == self.face_choice.engine:  # others have no model
            models[Kind.FACE] = self.face_choice.options.get("model", "")
        return {
            kind: Used(manifest.name, str(models.get(kind, "")))
            for kind, manifest in dict(self.manifests).items()
        }

    def lease_face(
        self, manifest: Manifest, options: dict[str, Any], *, stays: bool = False
    ) -> None:
        """Lease memory for the chosen face, replacing the previous lease; raises OutOfMemory."""
        self.end_face_lease()
        self.face_lease = self.broker.lease(manifest, options, must=stays)

    def end_face_lease(self) -> None:
        lease, self.face_lease = self.face_lease, None
        if lease is not None:
            lease.close()

    def put_or_builtin(
        self,
        kind: Kind,
        choice: EngineChoice,
        notice: Callable[[Noticed], None],
        lighter: dict[str, Any] | None = None,
    ) -> None:
        """Like `put`; where that fails, use the built-in engine and notify the user."""
        try:
            for license_notice in license_notices(
                choice.options, self.registry.find(kind, choice.engine), self.registry.paths
            ):
                notice(license_notice)
            self.put(kind, choice, lighter)
        except AvatarError as error:
            if choice.engine == BUILTIN[kind] and not choice.options:
                raise
            is_builtin = choice.engine == BUILTIN[kind]  # then one of its options is wrong
            used = (
                "It is used with default options."
                if is_builtin
                else "The built-in engine is used instead."
            )
            notice(Noticed(error.message, f"{error.hint} {used}", type(error), kind))
            self._put_builtin(kind, choice, type(error))

    def _put_builtin(self, kind: Kind, choice: EngineChoice, reason: type[AvatarError]) -> None:
        """Use the built-in engine. The chosen one is tried again later, unless it does not
        exist."""
        try:
            manifest = self.registry.find(kind, choice.engine)
            ladder = self._ladder(manifest, choice)
        except ConfigInvalid:
            ladder = None
        if ladder is None or kind is Kind.FACE or choice.engine == BUILTIN[kind]:
            self.put(kind, EngineChoice(engine=BUILTIN[kind]))
            return
        self.choices[kind], self.ladders[kind] = choice, ladder
        while ladder.level.tier is Tier.CHOSEN:
            ladder.fall(reason)
        self.put_level(kind, ladder.level)

    def close(self) -> None:
        """Close all engines, also where one fails in that."""
        standing_by = {id(self.fallback): self.fallback} if self.fallback is not None else {}
        every = standing_by | {id(each): each for each in self.engines.values() if each is not None}
        self.fallback = None
        with ExitStack() as closing_all:
            closing_all.callback(self.end_face_lease)
            closing_all.callback(self.engines.clear)
            for engine in every.values():
                closing_all.callback(engine.close)

    def meanwhile(self, level: QualityLevel) -> str:
        """Return a sentence about what the user sees while the chosen face is unavailable."""
        name = level.engine
        if level.tier is Tier.CHOSEN and not name:
            return "It continues with simpler pictures."
        if level.tier is Tier.BUILTIN:
            name = fallback_choice(self.face_choice).engine
        if name:
            return f"{self.registry.find(Kind.FACE, name).title} takes over."
        return "The voice works without it."


def create_engine(
    registry: Registry, manifest: Manifest, options: dict[str, Any], *, remembers: bool = True
) -> Any:
    """Create an engine behind its kind's protocol, in a process of its own where its manifest says
    so."""
    if manifest.isolation is Isolation.PROCESS:
        return HOSTED[manifest.kind](
            engine_factory(registry, manifest, options, remembers=remembers),
            manifest.title,
            share=share_of(manifest.kind),
        )
    with as_out_of_memory(manifest.title):
        engine = registry.load_class(manifest)(**resolve_options(options, manifest, registry.paths))
    return without_emotion_tags(engine, manifest) if manifest.kind is Kind.TTS else engine


def fallback_choice(choice: EngineChoice) -> EngineChoice:
    """Return the built-in face that stands by for a chosen one, with the same avatar if
    possible."""
    sizes = {name: size for name, size in choice.options.items() if name in ("width", "height")}
    avatar = choice.options.get("avatar", "")
    if avatar:
        return EngineChoice(engine=PHOTO, options={"avatar": avatar, **sizes})
    return EngineChoice(engine=BUILTIN[Kind.FACE], options=sizes)
