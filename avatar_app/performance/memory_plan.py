"""Plans the memory of the chosen engines: what each takes, what others use, what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Of the main memory, in MB (2**20 bytes)."""

    total_mb: float
    others_mb: float
    """Other programs, the system, and the window."""
    engines_mb: Mapping[Kind, float] = field(default_factory=dict)
    """What each chosen engine takes, as measured or estimated."""
    limits: MemoryLimits = field(default_factory=MemoryLimits)

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


def memory_plan(
    settings: Settings,
    hardware: Hardware,
    own_mb: float,
    registry: Registry,
    store: Store,
    catalog: Catalog,
    measurements: Measurements | None = None,
) -> MemoryPlan:
    """The plan for what the settings choose. `own_mb`: what this program and the processes of its
    engines use now, the window included."""
    engines = {}
    for kind, choice in choices(settings).items():
        if not KINDS[kind].in_conversation:
            continue
        try:
            manifest = registry.find(kind, choice.engine)
            found = estimate(
                manifest,
                choice.options,
                measurements,
                store,
                catalog,
                has_card=hardware.card is not None,
            )
        except ConfigInvalid:  # the conversation uses the built-in one, which is small
            continue
        engines[kind] = found.weight.ram_mb
    used = hardware.ram_mb - hardware.free_ram_mb
    others = max(0.0, used - own_mb)
    return MemoryPlan(hardware.ram_mb, others, engines, settings.memory_limits)
