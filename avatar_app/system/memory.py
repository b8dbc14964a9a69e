"""Memory of this machine: its pools, what an engine takes of them, and what meters read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Pool(StrEnum):
    """A kind of memory."""

    RAM = "memory"
    VRAM = "graphics memory"


@dataclass(frozen=True, slots=True)
class MemoryFootprint:
    """What an engine takes at its peak, in MB (2**20 bytes)."""

    ram_mb: float = 0.0
    vram_mb: float = 0.0

    def of(self, pool: Pool) -> float:
        return self.ram_mb if pool is Pool.RAM else self.vram_mb


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """What a meter shows, in MB."""

    total_mb: float
    foreign_mb: float
    """In use by what has no lease: other programs, the system, the window."""


Meters = Mapping[Pool, Callable[[], MemoryReading]]
