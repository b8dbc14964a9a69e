"""Reference speed and load of the machine at this moment, for the benchmarks."""

from __future__ import annotations

import os
import time

ROUNDS = 7
STEPS = 100_000


def measure_speed() -> dict[str, float]:
    """Return `reference_ms`: the processor time of a loop of plain Python, the best of some, to
    compare figures of two machines; `load`: programs that wanted a core, over a minute."""
    return {
        "reference_ms": round(min(_loop_ms() for _ in range(ROUNDS)), 2),
        "load": round(os.getloadavg()[0], 2),
    }


def _loop_ms() -> float:
    began = time.thread_time()
    value = 0
    for step in range(STEPS):
        value = (value * 31 + step) & 0xFFFF
    return (time.thread_time() - began) * 1000
