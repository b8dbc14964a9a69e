"""Loads the engines that the settings choose, one of each kind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from typing import Any

from avatar_app.core.engines import Face
from avatar_app.core.errors import ConfigInvalid, OutOfMemory
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.faces import put_face
from avatar_app.runtime.kinds import BUILTIN, KINDS, PHOTO, choices
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.memory.placement import Placement
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice, Settings


def load_engines(
    settings: Settings,
    registry: Registry,
    notice: Callable[[Noticed], None],
    clock: Callable[[], float] = time.monotonic,
    face_loaded: Callable[[Face], None] | None = None,
    broker: MemoryBroker | None = None,
) -> EngineSet:
    """Load one engine of each kind that a conversation needs, as the settings choose. `face_loaded`
    is called as soon as the face is loaded, before slower engines. `broker`: by default one with
    this machine's memory."""
    broker = broker or MemoryBroker.of(registry.paths, settings.memory_limits)
    placed = {each.manifest.kind: each for each in plan_loading(settings, registry, broker)}
    engine_set = EngineSet(registry, broker=broker, notice=notice, clock=clock)
    engine_set.remembers = settings.history.keep
    with ExitStack() as on_failure:
        on_failure.callback(engine_set.close)
        for kind, choice in _in_order(choices(settings), placed):
            if kind is Kind.FACE:
                put_face(engine_set, choice, notice)
                if face_loaded is not None:
                    face_loaded(engine_set.engines[kind])
            elif KINDS[kind].in_conversation:
                engine_set.put_or_builtin(kind, choice, notice, _lighter(placed.get(kind), notice))
        on_failure.pop_all()
    return engine_set


def plan_loading(
    settings: Settings, registry: Registry, broker: MemoryBroker
) -> tuple[Placement, ...]:
    """Return how the engines of a conversation share the memory, in loading order. The face keeps
    what was chosen: it has a ladder of its own. Engines that do not exist are left out."""
    wishes = []
    for kind, choice in choices(settings).items():
        if KINDS[kind].in_conversation:
            with suppress(ConfigInvalid):  # reported when it is loaded
                manifest = registry.find(kind, choice.engine)
                manifest.checked(choice.options)
                wishes.append((manifest, dict(choice.options)))
    return broker.place(wishes)


def _lighter(
    placement: Placement | None, notice: Callable[[Noticed], None]
) -> dict[str, Any] | None:
    """Return the lighter options of an engine that would not fit, and tell the user; None where the
    chosen ones fit."""
    if placement is None or not placement.changed:
        return None
    manifest = placement.manifest
    changed = ", ".join(f"{name} {value}" for name, value in placement.changed.items())
    notice(
        Noticed(
            f"The graphics card has no room for {manifest.title} beside the larger engines.",
            f"{manifest.title} goes on with {changed}.",
            OutOfMemory,
            manifest.kind,
        )
    )
    return placement.options


def _in_order(
    chosen: dict[Kind, EngineChoice], placed: Iterable[Kind]
) -> Iterable[tuple[Kind, EngineChoice]]:
    """Return the loading order: as placed, which is that of KINDS where no card is shared, but a
    built-in face, which takes next to no memory, before processes that would compete with it for
    the processor, as the window is empty until then."""
    is_small = chosen[Kind.FACE].engine in (BUILTIN[Kind.FACE], PHOTO)
    order = [*placed]
    rest = [kind for kind in chosen if kind not in order]
    kinds = sorted([*order, *rest], key=lambda kind: not (is_small and kind is Kind.FACE))
    return [(kind, chosen[kind]) for kind in kinds]
