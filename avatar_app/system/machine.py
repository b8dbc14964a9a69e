"""Describes the machine and package versions behind a measurement."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import avatar_app

_PACKAGES = (
    "PySide6-Essentials",
    "av",
    "espeakng-loader",
    "livekit",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "pocketsphinx",
    "skia-python",
    "sounddevice",
)


def describe_versions() -> dict[str, str]:
    """Return the versions of the program and of the packages that its figures depend on."""
    versions = {"avatar_app": avatar_app.__version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def describe_machine() -> dict[str, Any]:
    """Return processor, cores, memory and system."""
    import psutil

    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
