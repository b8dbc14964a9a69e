"""Import time and memory of each extra, in processes of their own."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.core.errors import EngineFailed

EXTRAS = MappingProxyType(
    {
        "whisper": ("faster_whisper",),
        "llama": ("llama_cpp",),
        "server": ("openai", "keyring"),
        "kokoro": ("kokoro_onnx", "pedalboard", "num2words"),
        "openvino": ("openvino",),
        "coqui": ("TTS.api",),
        "vibevoice": ("torch", "tokenizers", "pedalboard"),
    }
)
"""The modules that the engines of an extra import."""
BARE = "bare"
PATIENCE = 300
_PROGRAM = """
import json, sys, time
began = time.perf_counter()
for name in sys.argv[1:]:
    __import__(name)
seconds = time.perf_counter() - began
import psutil
print(json.dumps([seconds, psutil.Process().memory_info().rss / 1e6]))
"""


@dataclass(frozen=True, slots=True)
class _Cost:
    seconds: float
    megabytes: float


def measure_imports(report: Report, rounds: int) -> None:
    """Return medians over rounds of all extras; memory beyond a bare interpreter's."""
    present = [extra for extra, modules in EXTRAS.items() if all(map(_is_installed, modules))]
    costs: dict[str, list[_Cost]] = {name: [] for name in (BARE, *present)}
    for _ in show_steps("imports, round", range(rounds)):
        for name in costs:
            costs[name].append(_imported(EXTRAS.get(name, ())))
    bare = float(np.median([cost.megabytes for cost in costs.pop(BARE)]))
    for name, each in costs.items():
        report.add(f"import_{name}", float(np.median([c.seconds for c in each])) * 1000, "ms")
        report.add(f"memory_{name}", float(np.median([c.megabytes for c in each])) - bare, "MB")


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module.partition(".")[0]) is not None


def _imported(modules: tuple[str, ...]) -> _Cost:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *modules],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        last = " ".join(done.stderr.strip().splitlines()[-1:])
        raise EngineFailed(f"The import of {', '.join(modules)} failed: {last}", "Reinstall it.")
    return _Cost(*json.loads(done.stdout.splitlines()[-1]))
