"""Memory pools of this machine, an engine's footprint in them, and meter readings."""

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
    """Memory an engine uses at its peak, in MB (2**20 bytes)."""

    ram_mb: float = 0.0
    vram_mb: float = 0.0

    def of(self, pool: Pool) -> float:
        return self.ram_mb if pool is Pool.RAM else self.vram_mb


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """A meter's reading, in MB."""

    total_mb: float
    foreign_mb: float
    """Used by anything without a lease: other programs, the system, the window."""


Meters = Mapping[Pool, Callable[[], MemoryReading]]
