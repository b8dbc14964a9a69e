"""Settings of this process: thread pools of libraries, and how often Python threads take turns."""

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
    """Call it before numpy is imported: its pool is made then."""
    for name in THREAD_POOLS:
        os.environ.setdefault(name, "1")
    sys.setswitchinterval(SWITCH_INTERVAL)
