"""Built-in engines that finish a turn whose engine failed, created on first use."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from avatar_app.core.manifest import Kind
from avatar_app.runtime.engine_set import EngineSet, create_engine
from avatar_app.runtime.fallback.engine_switch import LoadsInBackground
from avatar_app.runtime.kinds import BUILTIN

SPARED = frozenset({Kind.ASR, Kind.DIALOGUE, Kind.TTS})
"""Kinds that a turn needs; a face has its own standby."""


class SpareEngines:
    """A `pipeline.builtin_engines.BuiltinEngines`. Once created an engine stays until `close`: what
    failed in one turn may fail in the next, before the supervisor replaces it."""

    def __init__(self, engine_set: EngineSet, kinds: Iterable[Kind] = SPARED) -> None:
        self._engine_set, self._kinds = engine_set, SPARED.intersection(kinds)
        self._making = threading.Lock()
        self._made: dict[Kind, Any] = {}

    def offers(self, kind: Kind) -> bool:
        manifest = self._engine_set.manifests.get(kind)
        return kind in self._kinds and manifest is not None and manifest.name != BUILTIN[kind]

    def engine(self, kind: Kind) -> Any:
        with self._making:
            if kind not in self._made:
                registry = self._engine_set.registry
                engine = create_engine(registry, registry.find(kind, BUILTIN[kind]), {})
                self._made[kind] = engine
            engine = self._made[kind]
        if isinstance(engine, LoadsInBackground):
            engine.wait_ready()
        return engine

    def close(self) -> None:
        """Close the engines; the conversation must be closed."""
        for engine in self._made.values():
            engine.close()
        self._made.clear()
