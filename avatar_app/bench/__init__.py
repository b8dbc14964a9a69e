"""Measures this machine: each bench has targets that it can miss."""

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
from avatar_app.system.paths import AppPaths

__all__ = ["BENCHES", "BenchResult", "run_bench", "show_table"]

BENCHES = (
    "latency", "barge-in", "av-sync", "face", "startup", "idle", "soak",
    "wav2lip", "realtime", "render", "visemes", "models",
    "kokoro", "whisper", "first-words", "real",
)  # fmt: skip
CHOICES = MappingProxyType(
    {
        "face": {"face"},
        "av-sync": {"face"},
        "soak": {"face", "utterances"},
        "realtime": {"face", "minutes"},
        "real": {"load", "minutes"},
    }
)
"""What can be chosen about a bench."""
FORMER_NAMES = MappingProxyType({"skew": "av-sync", "live": "realtime", "generate": "render"})
"""What benches were called in version 0.1, and are now."""


def run_bench(name: str, settings: Settings, *, quick: bool, **chosen: Any) -> BenchResult:
    """Measure; nothing is written into the user's folders. `chosen`: see CHOICES; None is as usual.
    ConfigInvalid for an unknown name, or a choice that the bench does not offer."""
    name = FORMER_NAMES.get(name, name)
    if name not in BENCHES:
        raise ConfigInvalid(f"Unknown bench {name!r}.", choose_one_of(BENCHES))
    choices = {option: value for option, value in chosen.items() if value is not None}
    for option in choices.keys() - CHOICES.get(name, set()):
        able = ", ".join(bench for bench, options in CHOICES.items() if option in options)
        raise ConfigInvalid(f"The bench {name} takes no --{option}.", f"It is for {able}.")
    module = importlib.import_module(module_of(name))
    with TemporaryDirectory(prefix="avatar-bench-") as folder:
        before = measure_speed()
        report: Report = module.measure(settings, paths_under(Path(folder)), quick=quick, **choices)
    speed = {"speed": before, "speed_after": measure_speed()}
    return BenchResult(name, describe_machine() | speed, report)


def module_of(name: str) -> str:
    """Where a bench is, for `import_module`."""
    return f"{__name__}.{name.replace('-', '_')}"


def paths_under(root: Path) -> AppPaths:
    """Folders for a bench, all of them in `root`."""
    return AppPaths(
        config=root,
        data=root,
        cache=root / "cache",
        logs=root / "logs",
        models=root / "models",
        engines=root / "engines",
        videos=root / "videos",
    )
