"""Memory budget: above a soft limit idle engines are unloaded, above a hard limit none load."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

from avatar_app.core.errors import OutOfMemory
from avatar_app.runtime.memory.statistics import EngineMemory, MemoryStatistics, PoolMemory
from avatar_app.settings.schema import MemoryLimits
from avatar_app.system.memory import MemoryFootprint, Meters, Pool

log = logging.getLogger(__name__)


class _State(Enum):
    LOADED = auto()
    UNLOADING = auto()
    UNLOADED = auto()
    CLOSED = auto()


class MemoryLease:
    """The memory lease of one engine, until `close`.

    Made by `MemoryBudget.lease`, which alone writes its state, number of users and time of use.
    """

    def __init__(
        self,
        residency: MemoryBudget,
        name: str,
        weight: MemoryFootprint,
        unload: Callable[[], None] | None,
    ) -> None:
        self.name, self.weight = name, weight
        self._residency, self.unload = residency, unload
        self.state = _State.UNLOADED
        self.users = 0
        self.used_at = 0

    @property
    def is_loaded(self) -> bool:
        """Whether its memory counts as in use."""
        return self.state in (_State.LOADED, _State.UNLOADING)

    @contextmanager
    def use(self) -> Iterator[None]:
        """Mark the engine as busy; reloads one that was unloaded, or raises OutOfMemory."""
        self._residency.begin_use(self)
        try:
            yield
        finally:
            self._residency.end_use(self)

    def measured(self, weight: MemoryFootprint) -> None:
        """Replace the declared footprint by a measured one."""
        self._residency.reweigh(self, weight)

    def close(self) -> None:
        """Release the memory; may be called twice."""
        self._residency.give_back(self)


class MemoryBudget:
    """Tracks which engines are in memory. Thread-safe; an `unload` is called without its lock."""

    def __init__(self, meters: Meters, limits: MemoryLimits | None = None) -> None:
        self._meters, self._limits = meters, limits or MemoryLimits()
        self._changed = threading.Condition()
        self._leases: list[MemoryLease] = []
        self._uses = itertools.count(1)

    def lease(
        self,
        name: str,
        weight: MemoryFootprint,
        unload: Callable[[], None] | None = None,
        *,
        must: bool = False,
    ) -> MemoryLease:
        """Lease memory for an engine. Raises OutOfMemory above the hard limit.

        `unload` unloads an idle one, which is reloaded by its next `use`; without it the engine
        stays. `must`: always granted, as nothing could replace the engine.
        """
        lease = MemoryLease(self, name, weight, unload)
        with self._changed:
            self._admit(lease, must=must)
            self._leases.append(lease)
        self.snapshot(f"with {name}")
        return lease

    def free_mb(self, pool: Pool) -> float | None:
        """Return how much may still be leased below the soft limit; None without such a pool."""
        with self._changed:
            meter = self._meters.get(pool)
            if meter is None:
                return None
            reading = meter()
            return reading.total_mb * self._limits.soft - reading.foreign_mb - self._leased(pool)

    def statistics(self) -> MemoryStatistics:
        """Return the state of this moment."""
        with self._changed:
            readings = {pool: meter() for pool, meter in self._meters.items()}
            leased = {pool: self._leased(pool) for pool in readings}
            engines = tuple(
                EngineMemory(
                    each.name, each.weight, each.is_loaded, each.users > 0, each.unload is not None
                )
                for each in self._leases
            )
        pools = {
            pool: PoolMemory(
                reading.total_mb,
                reading.foreign_mb,
                leased[pool],
                reading.total_mb * self._limits.soft - reading.foreign_mb - leased[pool],
            )
            for pool, reading in readings.items()
        }
        return MemoryStatistics(pools, engines)

    def snapshot(self, label: str) -> None:
        """Log the memory use of all engines."""
        with self._changed:
            loaded = [lease for lease in self._leases if lease.is_loaded]
            readings = {pool: meter() for pool, meter in self._meters.items()}
        for pool, reading in readings.items():
            engines = ", ".join(f"{each.name} {each.weight.of(pool):.0f}" for each in loaded)
            log.info(
                "%s %s: %.0f MB, of them others %.0f; leased: %s",
                pool,
                label,
                reading.total_mb,
                reading.foreign_mb,
                engines or "nothing",
            )

    # the next four are called by leases

    def begin_use(self, lease: MemoryLease) -> None:
        with self._changed:
            while lease.state is _State.UNLOADING:
                self._changed.wait()
            if lease.state is _State.UNLOADED:
                self._admit(lease, must=False)
            lease.users += 1

    def end_use(self, lease: MemoryLease) -> None:
        with self._changed:
            lease.users -= 1
            lease.used_at = next(self._uses)
            self._changed.notify_all()

    def reweigh(self, lease: MemoryLease, weight: MemoryFootprint) -> None:
        with self._changed:
            log.info(
                "%s takes %.0f MB (declared %.0f)", lease.name, weight.ram_mb, lease.weight.ram_mb
            )
            lease.weight = weight
            if lease.is_loaded:
                self._make_room(MemoryFootprint())

    def give_back(self, lease: MemoryLease) -> None:
        with self._changed:
            while lease.state is _State.UNLOADING:
                self._changed.wait()
            lease.state = _State.CLOSED
            if lease in self._leases:
                self._leases.remove(lease)
            self._changed.notify_all()

    # the callers of these hold `_changed`

    def _admit(self, lease: MemoryLease, *, must: bool) -> None:
        self._make_room(lease.weight)
        if not must and (pool := self._crowded(lease.weight, self._limits.hard)):
            raise self._refusal(lease, pool)
        lease.state = _State.LOADED
        lease.used_at = next(self._uses)

    def _make_room(self, weight: MemoryFootprint) -> None:
        """Unload idle engines, the least recently used first, until `weight` fits."""
        while pool := self._crowded(weight, self._limits.soft):
            idle = [each for each in self._leases if _may_leave(each, pool)]
            if idle:
                self._unload(min(idle, key=lambda each: each.used_at))
            elif any(each.state is _State.UNLOADING for each in self._leases):
                self._changed.wait()
            else:
                return

    def _unload(self, lease: MemoryLease) -> None:
        assert lease.unload is not None, "only leases with `unload` are unloaded"
        lease.state = _State.UNLOADING
        self._changed.release()
        try:
            log.info("%s is unloaded, as it is idle", lease.name)
            lease.unload()
        finally:
            self._changed.acquire()
            lease.state = _State.UNLOADED
            self._changed.notify_all()

    def _crowded(self, weight: MemoryFootprint, share: float) -> Pool | None:
        """Return the first pool in which `weight` would exceed that share of the total."""
        for pool, meter in self._meters.items():
            if wanted := weight.of(pool) + self._leased(pool):
                reading = meter()
                if reading.foreign_mb + wanted > reading.total_mb * share:
                    return pool
        return None

    def _leased(self, pool: Pool) -> float:
        return sum(each.weight.of(pool) for each in self._leases if each.is_loaded)

    def _refusal(self, lease: MemoryLease, pool: Pool) -> OutOfMemory:
        reading = self._meters[pool]()
        free = reading.total_mb * self._limits.hard - reading.foreign_mb - self._leased(pool)
        return OutOfMemory(
            f"{lease.name} needs {lease.weight.of(pool):.0f} MB of {pool}, "
            f"and {max(free, 0):.0f} MB are left.",
            "Choose a smaller model, close other programs, or see what fits by avatar-app fit.",
        )


def _may_leave(lease: MemoryLease, pool: Pool) -> bool:
    idle = lease.state is _State.LOADED and lease.users == 0
    return idle and lease.unload is not None and lease.weight.of(pool) > 0
