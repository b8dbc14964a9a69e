"""Realtime: whether the face keeps its frame rate next to recognition and voice, in real time."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from avatar_app.bench.faces import FPS, BenchFace, face_by_name, with_face
from avatar_app.bench.probe import run_probe
from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report, quantile
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

PROBE = "avatar_app.bench.window.portrait_probe"
MINUTES, QUICK_MINUTES = 5.0, 0.5
BASELINE_SHARE = 0.2
"""Share of the time for the drawn face, before and after, half each."""
DROPS_PERCENT, LATE_PERCENT, REPEATED_PERCENT = 1.0, 1.0, 2.0
COMPOSED_MS = {"fp32": 60.0}
REDUCED_MS = 40.0
SKEW_MS = 45.0
SPEAKING_PERCENT = 60.0
"""Minimum share of the time that the avatar must speak; otherwise nothing was stressed."""
STARTING = 120.0
"""Seconds allowed for start and end."""


def measure(
    settings: Settings,
    paths: AppPaths,
    *,
    quick: bool,
    face: str | None = None,
    minutes: float | None = None,
) -> Report:
    """Run the conversation in a process of its own; the drawn face does the same before and after,
    to measure the machine's spare capacity."""
    chosen = face_by_name(face or BenchFace.WAV2LIP)
    seconds = 60 * (minutes or (QUICK_MINUTES if quick else MINUTES))
    report = Report()
    watched = with_face(settings, paths, chosen)
    conversations = [(watched, seconds)]
    if chosen is not BenchFace.ILLUSTRATED:
        drawn = with_face(settings, paths, BenchFace.ILLUSTRATED), seconds * BASELINE_SHARE / 2
        conversations = [drawn, *conversations, drawn]
    results = [
        _watched(each, paths, long) for each, long in show_steps("realtime, talk", conversations)
    ]
    live = results[len(results) // 2]
    baseline = [each for each in results if each is not live]
    precision = str(watched.face.options.get("precision", "fp32"))
    _add_pictures(report, live, COMPOSED_MS.get(precision, REDUCED_MS))
    _add_stress(report, live, seconds)
    _add_memory(report, live)
    if baseline:
        _add_baseline(report, live, baseline)
    return report


def _add_pictures(report: Report, live: dict[str, Any], composed: float) -> None:
    due, dropped = live["due"], live["dropped"]
    report.add("rate_due", FPS, "Hz")
    report.add("rate_held", _rate(live), "Hz", least=FPS * (1 - DROPS_PERCENT / 100))
    report.add("pictures_due", due, "")
    report.add("pictures_dropped", 100 * dropped / due if due else None, "%", most=DROPS_PERCENT)
    shown = len(live["off_ms"])
    late = 100 * live["late"] / shown if shown else None
    composed_count = len(live["composed_ms"])
    repeated = 100 * live["repeated"] / composed_count if composed_count else None
    report.add("lips_repeated", repeated, "%", most=REPEATED_PERCENT)
    report.add("pictures_late", late, "%", most=LATE_PERCENT)
    report.add_percentiles(
        "off", [abs(off) for off in live["off_ms"]], "ms", p50=None, p99=SKEW_MS, max=None
    )
    report.add_percentiles("composed", live["composed_ms"], "ms", p50=None, p95=composed, max=None)


def _add_stress(report: Report, live: dict[str, Any], seconds: float) -> None:
    """Check that the machine was stressed: the avatar spoke, and both recognizers found words."""
    share = 100 * live["spoken"] / live["seconds"]
    report.add("measured", live["seconds"], "s", least=seconds)
    report.add("speaking", share, "% of the time", least=SPEAKING_PERCENT)
    report.add("user_turns_understood", live["understood"], "", least=max(1, seconds // 60))
    report.add("recognition_beside", live["beside_seconds"], "s", least=0.5 * seconds)
    report.add("words_recognized_beside", live["beside_words"], "", least=seconds // 10)
    report.add("failures", len(live["failed"]), "", most=0)
    report.add("notices", len(live["noticed"]), "", most=0)
    report.add("cores_used", live["cores_used"], "cores")


def _add_memory(report: Report, live: dict[str, Any]) -> None:
    memory = live["memory"]
    tenth = max(1, len(memory) // 10)
    report.add("face_memory_loaded", live["face_mb"], "MB")
    report.add("memory_start", float(np.median(memory[:tenth])), "MB")
    report.add("memory_end", float(np.median(memory[-tenth:])), "MB")
    report.add("memory_with_engines_processes", live["memory_with_children"], "MB")
    report.series["memory [MB]"] = memory


def _add_baseline(report: Report, live: dict[str, Any], baseline: list[dict[str, Any]]) -> None:
    due = sum(each["due"] for each in baseline)
    dropped = sum(each["dropped"] for each in baseline)
    report.add("illustrated_dropped", 100 * dropped / due if due else None, "%")
    composed = [ms for each in baseline for ms in each["composed_ms"]]
    report.add("illustrated_composed_p50", quantile(composed, "p50"), "ms")
    report.add("illustrated_composed_p95", quantile(composed, "p95"), "ms")
    cores = float(np.mean([each["cores_used"] for each in baseline]))
    report.add("illustrated_cores_used", cores, "cores")
    report.add("cores_per_illustrated", live["cores_used"] / cores, "times")
    if composed and live["composed_ms"]:
        ratio = float(np.median(live["composed_ms"]) / np.median(composed))
        report.add("composed_per_illustrated", ratio, "times")


def _rate(live: dict[str, Any]) -> float | None:
    """Return the pictures shown per second of speech."""
    due = live["due"]
    return FPS * (due - live["dropped"]) / due if due else None


def _watched(settings: Settings, paths: AppPaths, seconds: float) -> dict[str, Any]:
    """Return the probe's measurements."""
    arguments = ["-m", PROBE, settings.model_dump_json(), str(seconds)]
    output = run_probe(arguments, paths, seconds + STARTING, "The conversation")
    measured: dict[str, Any] = json.loads(output.splitlines()[-1])
    return measured
