"""Loads the engines that the settings choose, one of each kind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from avatar_app.core.engines import Face
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.faces import put_face
from avatar_app.runtime.kinds import BUILTIN, KINDS, PHOTO, choices
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice, Settings


def load_engines(
    settings: Settings,
    registry: Registry,
    notice: Callable[[Noticed], None],
    clock: Callable[[], float] = time.monotonic,
    face_loaded: Callable[[Face], None] | None = None,
) -> EngineSet:
    """Load one engine of each kind that a conversation needs, as the settings choose. `face_loaded`
    is called as soon as the face is loaded, before slower engines."""
    broker = MemoryBroker.of(registry.paths, settings.memory_limits)
    engine_set = EngineSet(registry, broker=broker, notice=notice, clock=clock)
    engine_set.remembers = settings.history.keep
    with ExitStack() as on_failure:
        on_failure.callback(engine_set.close)
        for kind, choice in _in_order(choices(settings)):
            if kind is Kind.FACE:
                put_face(engine_set, choice, notice)
                if face_loaded is not None:
                    face_loaded(engine_set.engines[kind])
            elif KINDS[kind].in_conversation:
                engine_set.put_or_builtin(kind, choice, notice)
        on_failure.pop_all()
    return engine_set


def _in_order(chosen: dict[Kind, EngineChoice]) -> Iterable[tuple[Kind, EngineChoice]]:
    """Return the loading order: that of KINDS, but a built-in face, which takes next to no memory,
    before processes that would compete with it for the processor, as the window is empty until
    then."""
    is_small = chosen[Kind.FACE].engine in (BUILTIN[Kind.FACE], PHOTO)
    return sorted(chosen.items(), key=lambda each: not (is_small and each[0] is Kind.FACE))
