"""Joins engines, settings and a conversation; the only place where all three meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Isolation, Kind, Manifest
from avatar_app.core.out_of_memory import as_out_of_memory
from avatar_app.engines.hosting.host import HOSTED
from avatar_app.models.resolve import licence_notices
from avatar_app.runtime.factory import engine_factory, resolve_options
from avatar_app.runtime.fallback.quality_ladder import QualityLadder, Tier
from avatar_app.runtime.kinds import BUILTIN, PHOTO
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.memory.budget import MemoryLease
from avatar_app.runtime.memory.evictable import RESIDENTS, EvictableEngine
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.storage.measurements import Used


@dataclass(eq=False, slots=True)
class EngineSet:
    """The engines in use, one of each kind."""

    registry: Registry
    engines: dict[Kind, Any] = field(default_factory=dict)
    manifests: dict[Kind, Manifest] = field(default_factory=dict)
    face_choice: EngineChoice = field(
        default_factory=lambda: EngineChoice(engine=BUILTIN[Kind.FACE])
    )
    """The face that the user wants; what is on show may be a lighter one."""
    face_ladder: QualityLadder | None = None
    fallback: Any = None
    """The face that takes over where the chosen one fails; None where that is embedded itself."""
    lender: MemoryBroker = field(default_factory=MemoryBroker)
    notice: Callable[[Noticed], None] = field(default=lambda _notice: None)
    face_lease: MemoryLease | None = None

    def put(self, kind: Kind, choice: EngineChoice) -> Any:
        """Make an engine and put it in its place; whoever exchanges one closes the old."""
        manifest = self.registry.find(kind, choice.engine)
        self.engines[kind] = self._made(manifest, choice.options)
        self.manifests[kind] = manifest
        return self.engines[kind]

    def _made(self, manifest: Manifest, options: dict[str, Any]) -> Any:
        make = partial(create_engine, self.registry)
        stays = manifest.name == BUILTIN[manifest.kind]
        if resident := RESIDENTS.get(manifest.kind):
            return resident(manifest, options, make, self.lender, self.notice, stays)
        if manifest.kind is Kind.FACE:
            self.lease_face(manifest, options, stays)
        return make(manifest, options)

    def used(self) -> dict[Kind, Used]:
        """The engines in use and their models."""
        models = {
            kind: engine.options.get("model", "")
            for kind, engine in dict(self.engines).items()
            if isinstance(engine, EvictableEngine)
        }
        models[Kind.FACE] = self.face_choice.options.get("model", "")
        return {
            kind: Used(manifest.name, str(models.get(kind, "")))
            for kind, manifest in dict(self.manifests).items()
        }

    def lease_face(self, manifest: Manifest, options: dict[str, Any], stays: bool = False) -> None:
        """Room for the chosen face, in place of the one before; OutOfMemory where there is none."""
        self.end_face_lease()
        self.face_lease = self.lender.lease(manifest, options, must=stays)

    def end_face_lease(self) -> None:
        lease, self.face_lease = self.face_lease, None
        if lease is not None:
            lease.close()

    def put_or_embedded(
        self, kind: Kind, choice: EngineChoice, notice: Callable[[Noticed], None]
    ) -> None:
        """Like `put`; where that fails, the embedded engine is taken and the user is told."""
        try:
            for told in licence_notices(choice.options, self.registry.find(kind, choice.engine)):
                notice(told)
            self.put(kind, choice)
        except AvatarError as error:
            if choice.engine == BUILTIN[kind] and not choice.options:
                raise
            embedded = choice.engine == BUILTIN[kind]  # then an option of it is what is wrong
            used = "It is used as shipped." if embedded else "The embedded engine is used instead."
            notice(Noticed(error.message, f"{error.hint} {used}"))
            self.put(kind, EngineChoice(engine=BUILTIN[kind]))

    def close(self) -> None:
        """Close all engines."""
        standing_by = {id(self.fallback): self.fallback} if self.fallback is not None else {}
        every = standing_by | {id(each): each for each in self.engines.values() if each is not None}
        for engine in every.values():
            engine.close()
        self.engines.clear()
        self.fallback = None
        self.end_face_lease()

    def meanwhile(self, level: Tier) -> str:
        """What the user is told to see while the chosen face cannot be had."""
        if level is Tier.CHOSEN:
            return "It goes on with simpler pictures."
        if level is Tier.EMBEDDED:
            name = fallback_choice(self.face_choice).engine
            return f"{self.registry.find(Kind.FACE, name).title} goes on in its place."
        return "The voice goes on without it."


def create_engine(registry: Registry, manifest: Manifest, options: dict[str, Any]) -> Any:
    """An engine behind its kind's protocol, in a process of its own where its manifest says so."""
    if manifest.isolation is Isolation.PROCESS:
        return HOSTED[manifest.kind](engine_factory(registry, manifest, options), manifest.title)
    with as_out_of_memory(manifest.title):
        return registry.load_class(manifest)(**resolve_options(options, manifest))


def fallback_choice(choice: EngineChoice) -> EngineChoice:
    """The embedded face that stands by for a chosen one: the same avatar where there is one."""
    sizes = {name: size for name, size in choice.options.items() if name in ("width", "height")}
    avatar = choice.options.get("avatar", "")
    if avatar:
        return EngineChoice(engine=PHOTO, options={"avatar": avatar, **sizes})
    return EngineChoice(engine=BUILTIN[Kind.FACE], options=sizes)
