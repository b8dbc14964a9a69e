"""Plans the memory of the chosen engines: what each takes, what others use, what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import Catalog
from avatar_app.models.store import Store
from avatar_app.runtime.kinds import KINDS, choices
from avatar_app.runtime.memory.estimate import estimate
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import MemoryLimits, Settings
from avatar_app.storage.measurements import Measurements
from avatar_app.system.hardware import Hardware
from avatar_app.system.memory import MemoryFootprint


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """Of one kind of memory, in MB (2**20 bytes)."""

    total_mb: float
    others_mb: float
    """Other programs, the system, and the window."""
    engines_mb: Mapping[Kind, float] = field(default_factory=dict)
    """What each chosen engine takes, as measured or estimated."""
    limits: MemoryLimits = field(default_factory=MemoryLimits)
    own_mb: float = 0.0
    """What this program and the processes of its engines take now."""
    title: str = ""
    """Of a graphics card."""

    def room_mb(self, kind: Kind, *, hard: bool = False) -> float:
        """How much an engine of this kind may take beside the others, within the soft limit or
        the hard one; may be negative."""
        limit = self.limits.hard if hard else self.limits.soft
        others = sum(mb for other, mb in self.engines_mb.items() if other is not kind)
        return self.total_mb * limit - self.others_mb - others

    @property
    def planned_mb(self) -> float:
        """All together."""
        return self.others_mb + sum(self.engines_mb.values())

    def engines_with(self, kind: Kind, mb: float) -> dict[Kind, float]:
        """Return what the engines take if that of a kind takes so much."""
        return {**self.engines_mb, kind: mb}


@dataclass(frozen=True, slots=True)
class MemoryPlan(PoolPlan):
    """Of the main memory, and of the graphics card where there is one."""

    card: PoolPlan | None = None

    def with_engine(self, kind: Kind, weight: MemoryFootprint) -> MemoryPlan:
        """Return the plan with another engine of a kind."""
        card = self.card
        if card is not None:
            card = replace(card, engines_mb=card.engines_with(kind, weight.vram_mb))
        return replace(self, engines_mb=self.engines_with(kind, weight.ram_mb), card=card)


def memory_plan(
    settings: Settings,
    hardware: Hardware,
    own: MemoryFootprint,
    registry: Registry,
    store: Store,
    catalog: Catalog,
    measurements: Measurements | None = None,
) -> MemoryPlan:
    """Return the plan for what the settings choose. `own`: what this program and the processes of
    its engines use now, the window included."""
    card, limits = hardware.card, settings.memory_limits
    weights: dict[Kind, MemoryFootprint] = {}
    for kind, choice in choices(settings).items():
        if not KINDS[kind].in_conversation:
            continue
        try:
            manifest = registry.find(kind, choice.engine)
            found = estimate(
                manifest, choice.options, measurements, store, catalog, has_card=card is not None
            )
        except ConfigInvalid:  # the conversation uses the built-in one, which is small
            continue
        weights[kind] = found.weight
    on_card = None
    if card is not None:
        on_card = PoolPlan(
            card.total_mb,
            max(0.0, card.used_mb - own.vram_mb),
            {kind: weight.vram_mb for kind, weight in weights.items() if weight.vram_mb},
            limits,
            own.vram_mb,
            card.name,
        )
    used = hardware.ram_mb - hardware.free_ram_mb
    others = max(0.0, used - own.ram_mb)
    ram = {kind: weight.ram_mb for kind, weight in weights.items()}
    return MemoryPlan(hardware.ram_mb, others, ram, limits, own.ram_mb, card=on_card)
