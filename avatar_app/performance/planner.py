"""Plans which engines fit this machine, which do not, and why, before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.models.catalog import Catalog, Model
from avatar_app.models.store import Presence, Store, readable
from avatar_app.performance.profiles import (
    Candidate,
    Candidates,
    Profile,
    read_profiles,
    suitable_profile,
)
from avatar_app.runtime.memory.estimate import choice_key, estimate, uses_card
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import MemoryLimits
from avatar_app.storage.measurements import Measurements
from avatar_app.system.hardware import Hardware
from avatar_app.system.memory import MemoryFootprint, Pool
from avatar_app.system.packages import install_command

AVATAR = "avatar"
"""The option of faces that selects the avatar."""


@dataclass(frozen=True, slots=True)
class Row:
    """One engine of the plan, chosen or not."""

    kind: Kind
    title: str
    engine: str
    options: dict[str, Any]
    weight: MemoryFootprint
    is_measured: bool
    taken: bool
    why: str
    """The reason for or against it, and what would change that."""
    remedy: str = ""
    """A command that would make it possible; empty where there is none."""

    @property
    def name(self) -> str:
        model = self.options.get("model", "")
        return f"{self.engine} {model}".strip()


@dataclass(frozen=True, slots=True)
class Plan:
    """The recommended engines for a machine."""

    profile: Profile
    hardware: Hardware
    rows: tuple[Row, ...]
    """By kind: the better engines that cannot be used, and the chosen one."""

    @property
    def taken(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.taken)

    def as_json(self) -> dict[str, Any]:
        """Return the plan as JSON-compatible values."""
        return {
            "profile": self.profile,
            "hardware": asdict(self.hardware),
            "rows": [asdict(row) for row in self.rows],
            "together": asdict(self.weight),
        }

    @property
    def weight(self) -> MemoryFootprint:
        weights = [row.weight for row in self.taken]
        return MemoryFootprint(sum(w.ram_mb for w in weights), sum(w.vram_mb for w in weights))


@dataclass(slots=True)
class Planner:
    """Knows the machine and its installed models."""

    hardware: Hardware
    registry: Registry
    store: Store
    catalog: Catalog
    measurements: Measurements | None = None
    limits: MemoryLimits = field(default_factory=MemoryLimits)
    avatars: tuple[str, ...] = ()
    """The user's avatars, by name; a face of a photo needs one."""

    def plan(self, profile: Profile = Profile.AUTO) -> Plan:
        """Choose the best engine of each kind that fits in addition to those chosen before it."""
        chosen = suitable_profile(self.hardware) if profile is Profile.AUTO else profile
        left = self._free()
        rows: list[Row] = []
        for kind, wishes in _in_order(read_profiles()[chosen]):
            for row in self._rows(kind, wishes, left):
                rows.append(row)
                if row.taken:
                    left[Pool.RAM] -= row.weight.ram_mb
                    left[Pool.VRAM] -= row.weight.vram_mb
                    break
        return Plan(chosen, self.hardware, tuple(rows))

    def _free(self) -> dict[Pool, float]:
        used = self.hardware.ram_mb - self.hardware.free_ram_mb
        free = {Pool.RAM: self.hardware.ram_mb * self.limits.soft - used, Pool.VRAM: 0.0}
        if card := self.hardware.card:
            free[Pool.VRAM] = card.total_mb * self.limits.soft - card.used_mb
        return free

    def _rows(self, kind: Kind, wishes: list[Candidate], left: dict[Pool, float]) -> Iterator[Row]:
        for index, wish in enumerate(wishes):
            try:
                manifest = self.registry.find(kind, wish.engine)
            except ConfigInvalid:
                continue  # a later version adds it, or the user's folder
            last = index == len(wishes) - 1
            yield self._row(manifest, wish, left, last=last)

    def _row(
        self, manifest: Manifest, wish: Candidate, left: dict[Pool, float], *, last: bool
    ) -> Row:
        options = self._known_options(manifest, wish.options)
        attempts = [options, *manifest.lighter_choices(options)]
        first: Row | None = None
        for attempt in attempts:
            row = self._attempted(manifest, wish, attempt, left, last=last)
            first = first or row
            if row.taken:
                return row
        assert first is not None, "at least one attempt was made"
        return first

    def _attempted(
        self,
        manifest: Manifest,
        wish: Candidate,
        options: dict[str, Any],
        left: dict[Pool, float],
        *,
        last: bool,
    ) -> Row:
        """Return the row of an engine with these options."""
        has_card = self.hardware.card is not None
        found = estimate(
            manifest, options, self.measurements, self.store, self.catalog, has_card=has_card
        )
        hindrance = self._slowness(manifest, wish, options) or _excess(found.weight, left)
        remedy = ""
        if not hindrance:
            hindrance, remedy = self._absence(manifest, options)
        return Row(
            kind=manifest.kind,
            title=manifest.title,
            engine=manifest.name,
            options=options,
            weight=found.weight,
            is_measured=found.is_measured,
            taken=last or not hindrance,
            why=_why(hindrance, last=last, options=options),
            remedy=remedy,
        )

    def _known_options(self, manifest: Manifest, wished: dict[str, Any]) -> dict[str, Any]:
        """Return the options that this version of the engine has, with an avatar if needed."""
        names = {option.name for option in manifest.options}
        options = {name: value for name, value in wished.items() if name in names}
        if AVATAR in names and self.avatars:
            options[AVATAR] = self.avatars[0]
        return options

    def _absence(self, manifest: Manifest, options: dict[str, Any]) -> tuple[str, str]:
        """Return what is missing, and the command that installs it."""
        if missing := self.registry.missing_packages(manifest):
            return f"{', '.join(missing)} is not installed", install_command(missing, manifest.name)
        if AVATAR in {option.name for option in manifest.options} and not self.avatars:
            return "you have no avatar of a photo yet", "avatar-app avatars add PHOTO"
        wanted = [options["model"]] if options.get("model") else list(manifest.needs.models)
        models = [self.catalog.by_id[name] for name in wanted if name in self.catalog.by_id]
        for model in models:
            if self.store.presence(model) is not Presence.INSTALLED:
                return _not_installed(model), f"avatar-app models download {model.id}"
            if model.license.must_accept and not self.store.is_accepted(model):
                return "its license is not accepted yet", f"avatar-app models info {model.id}"
        return "", ""

    def _slowness(self, manifest: Manifest, wish: Candidate, options: dict[str, Any]) -> str:
        trial = None
        if self.measurements is not None:
            key = choice_key(manifest.checked(options))
            trial = self.measurements.trial(manifest.kind, manifest.name, key)
        if trial is not None and trial.realtime_factor is not None:
            slow = trial.realtime_factor > 1.0
            return f"it takes {trial.realtime_factor:.1f} s for a second here" if slow else ""
        on_card = self.hardware.card is not None and uses_card(manifest.checked(options))
        if on_card or self.hardware.gflops >= wish.gflops:
            return ""
        return f"too slow: needs {wish.gflops:.0f} GFLOP/s"


def _in_order(wishes: Candidates) -> list[tuple[Kind, list[Candidate]]]:
    """Return the kinds in order of priority: sound before pictures."""
    order = (Kind.ASR, Kind.TURN, Kind.TTS, Kind.DIALOGUE, Kind.FACE)
    return [(kind, wishes[kind]) for kind in order if kind in wishes]


def _excess(weight: MemoryFootprint, left: dict[Pool, float]) -> str:
    for pool, free in left.items():
        if weight.of(pool) > max(free, 0.0):
            return f"does not fit: {weight.of(pool):.0f} MB of {pool}, {max(free, 0):.0f} are left"
    return ""


def _why(hindrance: str, *, last: bool, options: dict[str, Any]) -> str:
    if hindrance:
        return f"{hindrance}; no lighter option exists" if last else hindrance
    device = options.get("device", "")
    return f"fits{f', on the {device}' if device else ''}"


def _not_installed(model: Model) -> str:
    size = f" ({readable(model.bytes)})" if model.bytes else ""
    return f"{model.title} is not downloaded{size}"
