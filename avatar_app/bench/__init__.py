"""Benchmarks of this machine, each with targets."""

from __future__ import annotations

import importlib
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from avatar_app.bench.reference import measure_speed
from avatar_app.bench.result import BenchResult, Report, show_table
from avatar_app.core.errors import ConfigInvalid, choose_one_of
from avatar_app.settings.schema import Settings
from avatar_app.system.machine import describe_machine
from avatar_app.system.paths import paths_under

__all__ = ["BENCHES", "BenchResult", "run_bench", "show_table"]

BENCHES = (
    "latency", "turn-end", "wake", "listening", "barge-in", "av-sync", "face", "startup", "idle",
    "history", "soak", "journeys", "wav2lip", "student", "realtime", "render", "visemes", "models",
    "kokoro", "orpheus", "whisper", "first-words", "real", "mind", "serve", "studio",
    "replicas", "injection",
)  # fmt: skip
CHOICES = MappingProxyType(
    {
        "face": {"face"},
        "av-sync": {"face"},
        "turn-end": {"recordings"},
        "wake": {"recordings"},
        "soak": {"face", "minutes", "utterances"},
        "realtime": {"face", "minutes"},
        "real": {"load", "minutes"},
        "serve": {"minutes"},
    }
)
"""Options of benchmarks."""
FORMER_NAMES = MappingProxyType({"skew": "av-sync", "live": "realtime", "generate": "render"})
"""Former names of benchmarks in version 0.1, and their present ones."""


def run_bench(name: str, settings: Settings, *, quick: bool, **chosen: Any) -> BenchResult:
    """Run a benchmark; nothing is written into the user's folders. `chosen`: see CHOICES; None is
    the default. Raises ConfigInvalid for an unknown name, or an option that the benchmark does not
    have."""
    name = FORMER_NAMES.get(name, name)
    if name not in BENCHES:
        raise ConfigInvalid(f"Unknown bench {name!r}.", choose_one_of(BENCHES))
    choices = {option: value for option, value in chosen.items() if value is not None}
    for option in choices.keys() - CHOICES.get(name, set()):
        able = ", ".join(bench for bench, options in CHOICES.items() if option in options)
        raise ConfigInvalid(f"The bench {name} has no option --{option}.", f"It applies to {able}.")
    module = importlib.import_module(module_of(name))
    with TemporaryDirectory(prefix="avatar-bench-") as folder:
        before = measure_speed()
        report: Report = module.measure(settings, paths_under(Path(folder)), quick=quick, **choices)
    speed = {"speed": before, "speed_after": measure_speed()}
    return BenchResult(name, describe_machine() | speed, report)


def module_of(name: str) -> str:
    """Return the module of a benchmark, for `import_module`."""
    return f"{__name__}.{name.replace('-', '_')}"
