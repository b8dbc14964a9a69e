"""Statistics of measurements: latency of each stage and engine, and missed targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from avatar_app.core.manifest import Manifest
from avatar_app.models.catalog import Catalog
from avatar_app.performance.monitor import broken_promise
from avatar_app.performance.suggestions import suggestion
from avatar_app.performance.targets import TargetCheck, check_targets
from avatar_app.runtime.registry import Registry
from avatar_app.storage.measurements import (
    EngineProfile,
    EngineTimes,
    FailureCount,
    Measurements,
)
from avatar_app.storage.stage_times import StageTimes


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of some days."""

    stages: tuple[StageTimes, ...]
    engines: tuple[EngineTimes, ...]
    trials: tuple[tuple[Manifest, str, EngineProfile], ...]
    """Results of `fit --measure`: the engine, its options and its profile."""
    warnings: tuple[str, ...]
    target: TargetCheck | None = None
    """How the first sound does; None before some turns were measured."""
    failures: tuple[FailureCount, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "stages": [_described(times) for times in self.stages],
            "engines": [
                {"engine": each.engine, "model": each.model, **_described(each.times)}
                for each in self.engines
            ],
            "trials": [
                {"engine": manifest.name, "kind": manifest.kind, "choice": choice, **asdict(trial)}
                for manifest, choice, trial in self.trials
            ],
            "warnings": list(self.warnings),
            "target": self.target.as_json() if self.target else None,
            "failures": [asdict(each) for each in self.failures],
        }


def statistics(
    measurements: Measurements,
    registry: Registry,
    catalog: Catalog,
    days: int = 0,
    *,
    has_card: bool = False,
) -> Statistics:
    """Return all measurements of the last `days` (0: ever). `has_card`: there is a graphics card,
    so that more is expected."""
    engines = measurements.engines(days)
    trials = tuple(
        (manifest, choice, trial)
        for manifest in registry.all()
        for choice, trial in measurements.trials(manifest.kind, manifest.name).items()
    )
    warnings = [*_late(engines, registry, catalog), *_broken(trials, catalog)]
    stages = measurements.stages(days)
    target = check_targets(stages, has_card=has_card)
    failures = measurements.failures(days)
    return Statistics(stages, engines, trials, tuple(warnings), target, failures)


def _late(engines: tuple[EngineTimes, ...], registry: Registry, catalog: Catalog) -> Iterator[str]:
    for each in engines:
        kind = each.times.span.kind
        known = {manifest.name: manifest for manifest in registry.all(kind)} if kind else {}
        manifest = known.get(each.engine)
        if manifest is not None and (late := broken_promise(manifest, each.times)):
            yield f"{late} {suggestion(manifest, each.model, catalog)}".strip()


def _broken(
    trials: tuple[tuple[Manifest, str, EngineProfile], ...], catalog: Catalog
) -> Iterator[str]:
    for manifest, choice, trial in trials:
        promised = manifest.promises
        pairs = (
            (
                "takes {:.0f} ms to its first output",
                trial.first_output_ms,
                promised.first_output_ms,
            ),
            ("takes {:.2f} s for a second", trial.realtime_factor, promised.realtime_factor),
            ("stops after {:.0f} ms", trial.cancel_ms, promised.cancels_within_ms),
        )
        for text, took, most in pairs:
            if took is not None and most is not None and took > most:
                advice = suggestion(manifest, _model_of(choice), catalog)
                finding = f"{manifest.title} {text.format(took)} instead of {most:g}."
                yield f"{finding} {advice}".strip()


def _model_of(choice: str) -> str:
    import json

    return str(json.loads(choice).get("model", ""))


def _described(times: StageTimes) -> dict[str, Any]:
    return {
        "span": times.span.name,
        "count": times.count,
        "p50_ms": round(times.p50_ms, 1),
        "p95_ms": round(times.p95_ms, 1),
    }
