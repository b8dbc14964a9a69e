"""Load one engine of each kind, as the settings choose."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.faces import put_face
from avatar_app.runtime.kinds import KINDS, choices
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import Settings


def load_engines(
    settings: Settings,
    registry: Registry,
    notice: Callable[[Noticed], None],
    clock: Callable[[], float] = time.monotonic,
) -> EngineSet:
    """One engine of each kind that a conversation needs, as the settings choose."""
    lender = MemoryBroker.of(registry.paths, settings.memory_limits)
    rack = EngineSet(registry, lender=lender, notice=notice, clock=clock)
    rack.remembers = settings.history.keep
    with ExitStack() as on_failure:
        on_failure.callback(rack.close)
        for kind, choice in choices(settings).items():
            if kind is Kind.FACE:
                put_face(rack, choice, notice)
            elif KINDS[kind].in_conversation:
                rack.put_or_builtin(kind, choice, notice)
        on_failure.pop_all()
    return rack
