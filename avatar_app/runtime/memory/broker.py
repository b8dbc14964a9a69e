"""Leases memory to engines by measured or estimated footprint."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Manifest
from avatar_app.models.catalog import user_catalog
from avatar_app.models.store import Store
from avatar_app.runtime.memory.budget import MemoryBudget, MemoryLease
from avatar_app.runtime.memory.estimate import estimate
from avatar_app.runtime.memory.placement import Placement, Weigh, Wish, place
from avatar_app.runtime.memory.statistics import MemoryStatistics
from avatar_app.settings.schema import MemoryLimits
from avatar_app.storage.measurements import Measurements
from avatar_app.system.hardware import Cards, meters, nvml, peak_mb
from avatar_app.system.memory import MemoryFootprint, Pool
from avatar_app.system.paths import AppPaths

log = logging.getLogger(__name__)

NEWS = 0.05
"""Relative difference from the known footprint above which a measurement replaces it."""


def _declared(manifest: Manifest, _options: dict[str, Any]) -> MemoryFootprint:
    return MemoryFootprint(manifest.needs.ram_mb, manifest.needs.vram_mb)


class MemoryBroker:
    """Shared by one set of engines. Without arguments it grants every lease."""

    def __init__(
        self,
        residency: MemoryBudget | None = None,
        weigh: Weigh = _declared,
        cards: Cards | None = None,
    ) -> None:
        self._residency, self._weigh = residency or MemoryBudget({}), weigh
        self._cards = cards or Cards(None)

    @classmethod
    def of(cls, paths: AppPaths, limits: MemoryLimits) -> MemoryBroker:
        """Create a broker with this machine's memory and measurements."""
        cards, store = Cards(nvml()), Store.of(paths)
        has_card = cards.best() is not None

        def weigh(manifest: Manifest, options: dict[str, Any]) -> MemoryFootprint:
            catalog = user_catalog(store.root)
            try:
                with closing(Measurements.of(paths)) as known:
                    return estimate(
                        manifest, options, known, store, catalog, has_card=has_card
                    ).weight
            except AvatarError as error:
                log.info("no measurements available: %s", error)
                return estimate(manifest, options, None, store, catalog, has_card=has_card).weight

        return cls(MemoryBudget(meters(cards), limits), weigh, cards)

    def lease(
        self,
        manifest: Manifest,
        options: dict[str, Any],
        unload: Callable[[], None] | None = None,
        *,
        must: bool = False,
    ) -> MemoryLease:
        """Like MemoryBudget.lease, which raises OutOfMemory."""
        weight = self._weigh(manifest, options)
        return self._residency.lease(manifest.title, weight, unload, must=must)

    def reserve(
        self, name: str, weight: MemoryFootprint, unload: Callable[[], None] | None = None
    ) -> MemoryLease:
        """Lease memory for something that is no engine; raises OutOfMemory. `unload`: see
        MemoryBudget.lease."""
        return self._residency.lease(name, weight, unload)

    def place(self, wishes: Iterable[Wish]) -> tuple[Placement, ...]:
        """Return how engines are to be loaded so that all fit; see `placement.place`."""
        free = {pool: self.free_mb(pool) for pool in Pool}
        return place(wishes, self._weigh, {pool: mb for pool, mb in free.items() if mb is not None})

    def free_mb(self, pool: Pool) -> float | None:
        """Return how much may still be leased below the soft limit; None without such a pool."""
        return self._residency.free_mb(pool)

    def statistics(self) -> MemoryStatistics:
        """Return what each engine has of the memory now."""
        return self._residency.statistics()

    def weigh_process(self, lease: MemoryLease, pid: int) -> None:
        """Replace the declared footprint by the peak memory of the engine's process."""
        known, ram_mb = lease.weight, peak_mb(pid)
        vram_mb = self._cards.used_mb_by(frozenset({pid})) or known.vram_mb
        pairs = ((ram_mb, known.ram_mb), (vram_mb, known.vram_mb))
        if ram_mb and any(abs(now - before) > NEWS * before for now, before in pairs):
            lease.measured(MemoryFootprint(ram_mb, vram_mb))
