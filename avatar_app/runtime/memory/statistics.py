"""Statistics of memory: each pool, and what each engine has of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from avatar_app.system.memory import MemoryFootprint, Pool


@dataclass(frozen=True, slots=True)
class EngineMemory:
    """What one engine leases, in MB (2**20 bytes)."""

    name: str
    weight: MemoryFootprint
    is_loaded: bool
    """False: it was unloaded as idle, and returns when it is used."""
    is_busy: bool
    can_unload: bool
    """Whether it is unloaded when it is idle and another one needs the room."""


@dataclass(frozen=True, slots=True)
class PoolMemory:
    """One kind of memory, in MB (2**20 bytes)."""

    total_mb: float
    foreign_mb: float
    """Used by other programs, the system and the window."""
    leased_mb: float
    """Used by engines that are loaded."""
    free_mb: float
    """What may still be leased below the soft limit; may be negative."""


@dataclass(frozen=True, slots=True)
class MemoryStatistics:
    """The state of one moment."""

    pools: Mapping[Pool, PoolMemory]
    engines: tuple[EngineMemory, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "pools": {str(pool): asdict(each) for pool, each in self.pools.items()},
            "engines": [asdict(each) for each in self.engines],
        }
