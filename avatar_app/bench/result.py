"""Benchmark results: figures with their targets, as JSON or as a small table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

BARS = "▁▂▃▄▅▆▇█"
BINS = 32
"""Columns of a histogram."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. Without a target it is informative, and always ok."""

    value: float | None
    """None where nothing could be measured; this misses every target."""
    unit: str
    most: float | None = None
    """Target: at most this."""
    least: float | None = None
    """Target: at least this."""
    lacks: str = ""
    """A package to compare with that is not installed: the target is neither met nor missed."""

    @property
    def target(self) -> str | None:
        if self.most is not None:
            return f"≤ {self.most:g}"
        return None if self.least is None else f"≥ {self.least:g}"

    @property
    def ok(self) -> bool:
        if self.target is None or self.lacks:
            return True
        if self.value is None or math.isnan(self.value):
            return False
        above = self.least is None or self.value >= self.least
        return above and (self.most is None or self.value <= self.most)

    def as_json(self) -> dict[str, Any]:
        value = None if self.value is None or math.isnan(self.value) else round(self.value, 3)
        if self.lacks:
            return {"value": None, "unit": self.unit, "target": self.target, "lacks": self.lacks}
        return {"value": value, "unit": self.unit, "target": self.target, "ok": self.ok}


@dataclass(slots=True)
class Report:
    """The metrics of one benchmark, and the single measurements for a histogram."""

    metrics: dict[str, Metric] = field(default_factory=dict)
    series: dict[str, list[float]] = field(default_factory=dict)

    def add(
        self,
        name: str,
        value: float | None,
        unit: str,
        most: float | None = None,
        least: float | None = None,
    ) -> None:
        self.metrics[name] = Metric(value, unit, most, least)

    def add_compared(
        self, name: str, value: float | None, unit: str, *, other: str, **bound: float | None
    ) -> None:
        """Add a figure that compares with package `other`; None where it is not installed."""
        self.metrics[name] = Metric(value, unit, **bound, lacks=other if value is None else "")

    def add_percentiles(
        self, name: str, values: Sequence[float], unit: str, **most: float | None
    ) -> None:
        """Add percentiles: `p50=800.0` adds the metric `<name>_p50` with that target; None: without
        one."""
        for percentile, bound in most.items():
            self.add(f"{name}_{percentile}", quantile(values, percentile), unit, bound)
        self.series[f"{name} [{unit}]"] = list(values)


@dataclass(frozen=True, slots=True)
class BenchResult:
    """The output of `avatar-app bench`."""

    bench: str
    machine: dict[str, Any]
    report: Report = field(default_factory=Report)

    @property
    def ok(self) -> bool:
        """Whether every target is met, and something was measured."""
        metrics = self.report.metrics.values()
        return bool(metrics) and all(metric.ok for metric in metrics)

    def as_json(self) -> dict[str, Any]:
        metrics = {name: metric.as_json() for name, metric in self.report.metrics.items()}
        return {"bench": self.bench, "machine": self.machine, "metrics": metrics}


def quantile(values: Sequence[float], percentile: str) -> float | None:
    """Return the percentile called `p95`, or `max`; None for no values."""
    if not len(values):
        return None
    share = 100.0 if percentile == "max" else float(percentile.removeprefix("p"))
    return float(np.percentile(values, share))


def show_table(result: BenchResult, console: Console) -> None:
    """Print the metrics, and the distribution of the single measurements."""
    table = Table("", result.bench, "target", "", box=None, header_style="bold", pad_edge=False)
    for name, metric in result.report.metrics.items():
        mark = Text("✓", "green") if metric.ok else Text("✗", "red")
        shown = "" if metric.target is None or metric.lacks else mark
        table.add_row(name, _figure(metric), metric.target or "", shown)
    console.print(table)
    for package in {metric.lacks: None for metric in result.report.metrics.values()}:
        if package:
            console.print(f"— is not compared: {package} is not installed.")
    if speed := result.machine.get("speed"):
        line = f"reference loop {speed['reference_ms']:.1f} ms, load {speed['load']:.1f}"
        console.print(line, style="dim", markup=False, highlight=False)
    for name, values in result.report.series.items():
        if len(values) >= BINS // 4:
            console.print(histogram(name, values), style="dim", markup=False, highlight=False)


def histogram(name: str, values: Sequence[float]) -> str:
    """Return the distribution of `values` in one line, from the smallest to the largest."""
    counts, edges = np.histogram(values, bins=BINS)
    scale = (len(BARS) - 1) / max(int(counts.max()), 1)
    bars = "".join(BARS[math.ceil(count * scale)] if count else " " for count in counts)
    return f"{name}: {edges[0]:.1f} {bars} {edges[-1]:.1f}  (n={len(values)})"


def _figure(metric: Metric) -> str:
    if metric.value is None:
        return "—"
    digits = 0 if abs(metric.value) >= 100 else 1 if abs(metric.value) >= 10 else 2
    return f"{metric.value:.{digits}f} {metric.unit}"
