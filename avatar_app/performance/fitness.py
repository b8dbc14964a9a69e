"""Judges whether a model fits this machine, and how fast it runs on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.models.catalog import Catalog, Model
from avatar_app.models.store import Store, readable
from avatar_app.performance.memory_plan import MemoryPlan
from avatar_app.performance.profiles import read_profiles
from avatar_app.runtime.memory.estimate import MB, choice_key, estimate, uses_card
from avatar_app.runtime.registry import Registry
from avatar_app.storage.measurements import EngineProfile, Measurements
from avatar_app.system.hardware import Hardware
from avatar_app.system.memory import MemoryFootprint

SPOKEN = 4.0
"""Tokens a second that are spoken: 150 words a minute."""
EASY = 2.0
"""So many times faster than needed is comfortable."""


class Verdict(StrEnum):
    """How a model suits this machine."""

    COMFORTABLE = "comfortable"
    FITS = "fits"
    """Memory is there; how fast it is here, nobody knows."""
    TIGHT = "tight"
    TOO_SLOW = "too slow"
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True)
class Fitness:
    """What to expect of a model here."""

    verdict: Verdict
    reason: str
    """A few words."""
    speed: str = ""
    """As measured here: “38 tokens/s”, “3.2 × real time”; empty if it was never measured."""
    weight: MemoryFootprint = field(default_factory=MemoryFootprint)


@dataclass
class FitnessAssessor:
    """Knows the machine, what is planned to be loaded, and what was measured."""

    hardware: Hardware
    registry: Registry
    store: Store
    catalog: Catalog
    plan: MemoryPlan
    measurements: Measurements | None = None

    def assess(self, model: Model) -> Fitness:
        """Memory first, then speed: as measured, else by the processor's speed where it is known
        and the profiles say what the model asks for."""
        manifest = self._manifest(model)
        weight = self._weight(model, manifest)
        trial = self._trial(model, manifest) if manifest else None
        speed = speed_of(trial) if trial else ""
        lacking = self._lacking(model.kind, weight)
        slow = self._slowness(model, manifest, trial)
        if lacking and lacking[0] is Verdict.TOO_LARGE:
            return Fitness(*lacking, speed, weight)
        if slow and slow[0] is Verdict.TOO_SLOW:
            return Fitness(*slow, speed, weight)
        is_known = bool(speed) or manifest is None or self._is_quick_enough(model, manifest)
        good = Verdict.COMFORTABLE if is_known else Verdict.FITS
        verdict, reason = lacking or slow or (good, self._why(weight))
        return Fitness(verdict, reason, speed, weight)

    def _manifest(self, model: Model) -> Manifest | None:
        try:
            return self.registry.find(model.kind, model.engine)
        except ConfigInvalid:  # it belongs to no engine that can be chosen
            return None

    def _weight(self, model: Model, manifest: Manifest | None) -> MemoryFootprint:
        if manifest is None:
            return MemoryFootprint(model.needs.ram_mb, 0.0)
        found = estimate(
            manifest,
            _options(model, manifest),
            self.measurements,
            self.store,
            self.catalog,
            has_card=self.hardware.card is not None,
        )
        return found.weight

    def _why(self, weight: MemoryFootprint) -> str:
        if weight.vram_mb:
            return f"takes {readable(weight.vram_mb * MB)} on the graphics card"
        return f"takes {readable(weight.ram_mb * MB)} of memory"

    def _lacking(self, kind: Kind, weight: MemoryFootprint) -> tuple[Verdict, str] | None:
        needed = readable(weight.ram_mb * MB)
        room, hard = self.plan.room_mb(kind), self.plan.room_mb(kind, hard=True)
        if weight.ram_mb > self.hardware.ram_mb:
            whole = readable(self.hardware.ram_mb * MB)
            return Verdict.TOO_LARGE, f"needs {needed} of memory; this computer has {whole}"
        if weight.ram_mb > hard:
            left = readable(max(0.0, hard) * MB)
            return Verdict.TOO_LARGE, f"needs {needed} of memory; {left} are left"
        card = self.plan.card
        if card is not None and weight.vram_mb > card.room_mb(kind, hard=True):
            wanted = readable(weight.vram_mb * MB)
            left = readable(max(0.0, card.room_mb(kind, hard=True)) * MB)
            return Verdict.TOO_LARGE, f"needs {wanted} of the graphics card; {left} are left"
        if weight.ram_mb > room:
            return Verdict.TIGHT, f"needs {needed} of memory, nearly all that is left"
        return None

    def _slowness(
        self, model: Model, manifest: Manifest | None, trial: EngineProfile | None
    ) -> tuple[Verdict, str] | None:
        if trial is not None:
            return _measured_slowness(trial)
        if manifest is None or not self.hardware.gflops:
            return None
        if self._is_quick_enough(model, manifest):
            return None
        times = self._gflops_for(model) / self.hardware.gflops
        digits = 0 if times >= 10 else 1
        return Verdict.TOO_SLOW, f"wants a processor {times:.{digits}f} times as fast"

    def _is_quick_enough(self, model: Model, manifest: Manifest) -> bool:
        if self.hardware.card and uses_card(manifest.checked(_options(model, manifest))):
            return True
        return self.hardware.gflops >= self._gflops_for(model)

    def _gflops_for(self, model: Model) -> float:
        """What the profiles say; of a model that they do not name, as much more or less than of the
        engine's model that is next in size as their files differ."""
        if wish := self._wanted.get((model.kind, model.engine, model.id)):
            return wish
        size = model.bytes or 0
        known = [
            (abs((other.bytes or 0) - size), wish * size / other.bytes)
            for other in self.catalog.models
            if (wish := self._wanted.get((other.kind, other.engine, other.id)))
            and (other.kind, other.engine) == (model.kind, model.engine)
            and other.bytes
        ]
        return min(known)[1] if known else 0.0

    @cached_property
    def _wanted(self) -> Mapping[tuple[Kind, str, str], float]:
        """GFLOP/s by kind, engine and model; a wish without a model means the engine's own."""
        wanted: dict[tuple[Kind, str, str], float] = {}
        for wishes in read_profiles().values():
            for kind, candidates in wishes.items():
                for each in candidates:
                    named = each.options.get("model")
                    for model in [named] if named else self._own_models(kind, each.engine):
                        wanted[kind, each.engine, model] = each.gflops
        return wanted

    def _own_models(self, kind: Kind, engine: str) -> tuple[str, ...]:
        try:
            return self.registry.find(kind, engine).needs.models
        except ConfigInvalid:
            return ()

    def _trial(self, model: Model, manifest: Manifest) -> EngineProfile | None:
        """With the options as they are by default, else with any others."""
        if self.measurements is None:
            return None
        trials = self.measurements.trials(manifest.kind, manifest.name)
        if exact := trials.get(choice_key(manifest.checked(_options(model, manifest)))):
            return exact
        alike = (trial for key, trial in trials.items() if json.loads(key).get("model") == model.id)
        return next(alike, None)


def speed_of(trial: EngineProfile) -> str:
    """What was measured, in the unit that a person compares."""
    if trial.tokens_per_second:
        return f"{trial.tokens_per_second:.0f} tokens/s"
    if trial.realtime_factor:
        return f"{1 / trial.realtime_factor:.1f} × real time"
    if trial.first_output_ms:
        return f"first output after {trial.first_output_ms:.0f} ms"
    return ""


def _measured_slowness(trial: EngineProfile) -> tuple[Verdict, str] | None:
    ahead = 0.0
    """How many times faster than it is heard."""
    if trial.tokens_per_second:
        ahead = trial.tokens_per_second / SPOKEN
    elif trial.realtime_factor:
        ahead = 1 / trial.realtime_factor
    if not ahead or ahead >= EASY:
        return None
    if ahead < 1:
        return Verdict.TOO_SLOW, "slower than it is spoken"
    return Verdict.TIGHT, "hardly faster than it is spoken"


def _options(model: Model, manifest: Manifest) -> dict[str, str]:
    takes_model = any(option.name == "model" for option in manifest.options)
    return {"model": model.id} if takes_model else {}
