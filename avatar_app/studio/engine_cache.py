"""The studio's engines: loaded once, leased from the memory, unloaded when others need it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from avatar_app.core.manifest import Kind, Manifest
from avatar_app.engines.hosting.host import Host
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.memory.budget import MemoryLease
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice

Create = Callable[[Registry, Manifest, dict[str, Any]], Any]


@dataclass(eq=False, slots=True)
class _Entry:
    manifest: Manifest
    options: dict[str, Any]
    lease: MemoryLease
    engine: Any = None


class StudioEngines:
    """Thread-safe for engines of different kinds; each engine is used by one thread at a time."""

    def __init__(
        self,
        registry: Registry,
        broker: MemoryBroker | None = None,
        create: Create = create_engine,
    ) -> None:
        """`create` makes an engine; by default on this machine."""
        self.registry = registry
        self._create = create
        self._broker = broker or MemoryBroker()
        self._entries: dict[Kind, dict[str, _Entry]] = {}
        self._changing = threading.RLock()

    def manifest(self, kind: Kind, name: str) -> Manifest:
        """Return an engine's manifest; raises ConfigInvalid for an unknown one."""
        return self.registry.find(kind, name)

    @contextmanager
    def use(self, kind: Kind, choice: EngineChoice) -> Iterator[Any]:
        """Yield an engine with these options, loaded; another one of the kind is closed first.

        Raises OutOfMemory where it does not fit, and what its constructor raises.
        """
        manifest = self.registry.find(kind, choice.engine)
        entry = self._entry(manifest, manifest.checked(choice.options))
        with entry.lease.use():
            yield self._loaded(entry)

    def close(self) -> None:
        """Close all engines."""
        with self._changing:
            for entries in self._entries.values():
                for entry in entries.values():
                    self._unload(entry)
                    entry.lease.close()
            self._entries.clear()

    def __enter__(self) -> StudioEngines:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _entry(self, manifest: Manifest, options: dict[str, Any]) -> _Entry:
        key = f"{manifest.name} {json.dumps(options, sort_keys=True)}"
        with self._changing:
            entries = self._entries.setdefault(manifest.kind, {})
            if key in entries:
                return entries[key]
            for other in entries.values():
                self._unload(other)
                other.lease.close()
            entries.clear()
            lease = self._broker.lease(manifest, options, lambda: self._unload(entry))
            entry = entries[key] = _Entry(manifest, options, lease)
            return entry

    def _loaded(self, entry: _Entry) -> Any:
        with self._changing:
            if entry.engine is None:
                entry.engine = self._create(self.registry, entry.manifest, entry.options)
            engine = entry.engine
        if isinstance(engine, Host):
            engine.wait_ready()
        return engine

    def _unload(self, entry: _Entry) -> None:
        with self._changing:
            engine, entry.engine = entry.engine, None
        if engine is not None:
            engine.close()
