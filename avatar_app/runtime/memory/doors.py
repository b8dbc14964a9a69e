"""Doors for programs: one that loads several engines, and one that shares a card's memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

from avatar_app.core.errors import ConfigInvalid, choose_one_of
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.engine_switch import LoadsInBackground
from avatar_app.runtime.loading import load_engines, plan_loading
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.memory.budget import MemoryLease
from avatar_app.runtime.memory.placement import Placement
from avatar_app.runtime.memory.statistics import MemoryStatistics
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import MemoryLimits, Settings
from avatar_app.system.memory import MemoryFootprint, Pool
from avatar_app.system.paths import app_paths


class UnifiedModelManager:
    """Loads the engines that the settings choose, in the order and with the options in which all
    fit; a context manager.

    A script that uses one keeps its work below `if __name__ == "__main__":`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        registry: Registry | None = None,
        broker: MemoryBroker | None = None,
    ) -> None:
        """`settings`: by default the user's. `broker`: whose memory is shared, by default that of
        this machine."""
        self.registry = registry or Registry()
        self.settings = settings or load_settings(app_paths().settings_file)[0]
        self._broker = broker or MemoryBroker.of(self.registry.paths, self.settings.memory_limits)
        self._engines: EngineSet | None = None
        self.notices: list[Noticed] = []
        """What was done instead of what was chosen, and why."""

    def plan(self) -> tuple[Placement, ...]:
        """Return how the engines would be loaded, in order, without loading any."""
        return plan_loading(self.settings, self.registry, self._broker)

    def load_models(self) -> tuple[Kind, ...]:
        """Load the engines and wait until they are ready; returns their kinds. Where one cannot be
        loaded, the built-in one takes its place."""
        self.close()
        self._engines = load_engines(
            self.settings, self.registry, self.notices.append, broker=self._broker
        )
        for engine in self._engines.engines.values():
            if isinstance(engine, LoadsInBackground):
                engine.wait_ready()
        return tuple(self._engines.engines)

    def get_model(self, kind: Kind | str) -> Any:
        """Return the loaded engine of a kind, such as `tts`. Raises ConfigInvalid for a kind of
        which none is loaded."""
        loaded = self._engines.engines if self._engines else {}
        if kind not in loaded:
            raise ConfigInvalid(f"No engine of the kind {kind} is loaded.", choose_one_of(loaded))
        return loaded[Kind(kind)]

    def memory_stats(self) -> MemoryStatistics:
        """Return what each engine has of the memory now."""
        return self._broker.statistics()

    def close(self) -> None:
        engines, self._engines = self._engines, None
        if engines is not None:
            engines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class GPUMemoryManager:
    """Shares a graphics card's memory among programs' own models, beside the engines of the same
    broker. Names are unique. Thread-safe."""

    def __init__(
        self, broker: MemoryBroker | None = None, limits: MemoryLimits | None = None
    ) -> None:
        """`broker`: by default one of its own, with this machine's memory and `limits`."""
        self._broker = broker or MemoryBroker.of(app_paths(), limits or MemoryLimits())
        self._leases: dict[str, MemoryLease] = {}

    def allocate(
        self,
        name: str,
        vram_mb: float,
        ram_mb: float = 0.0,
        unload: Callable[[], None] | None = None,
    ) -> None:
        """Lease memory before something is loaded; unloads idle engines for it. `unload`: called
        when it is idle and another one needs the room. Raises OutOfMemory above the hard limit,
        ConfigInvalid for a name that is in use."""
        if name in self._leases:
            raise ConfigInvalid(f"{name} has memory already.", "Free it first.")
        weight = MemoryFootprint(ram_mb, vram_mb)
        self._leases[name] = self._broker.reserve(name, weight, unload)

    def free(self, name: str) -> None:
        """Return the memory; does nothing for a name without any."""
        lease = self._leases.pop(name, None)
        if lease is not None:
            lease.close()

    def free_mb(self) -> float | None:
        """Return how much may still be leased below the soft limit; None without a card."""
        return self._broker.free_mb(Pool.VRAM)

    def fits(self, weights_mb: Iterable[float]) -> bool:
        """Return whether models of these sizes fit together, below the soft limit."""
        free = self.free_mb()
        return free is not None and sum(weights_mb) <= free

    def memory_stats(self) -> MemoryStatistics:
        """Return what each engine and model has of the memory now."""
        return self._broker.statistics()
