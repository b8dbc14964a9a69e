"""Process-wide settings: thread pools of libraries, and Python's thread switch interval."""

from __future__ import annotations

import os
import sys

THREAD_POOLS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)
"""Spinning pools beside the engines double their latency."""
SWITCH_INTERVAL = 0.001
"""Seconds after which a Python thread gives way; the default of 5 ms is half a block of sound."""


def prepare_process() -> None:
    """Configure the process. Call it before numpy is imported, which creates its pool then."""
    for name in THREAD_POOLS:
        os.environ.setdefault(name, "1")
    sys.setswitchinterval(SWITCH_INTERVAL)
