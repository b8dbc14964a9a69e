"""Starts the command line; turns errors that a user can mend into one sentence and a hint."""

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


def main() -> int:
    """Run `avatar-app`; returns the process's exit status."""
    for name in THREAD_POOLS:
        os.environ.setdefault(name, "1")
    sys.setswitchinterval(SWITCH_INTERVAL)
    from avatar_app.cli.main import run_command_line

    return run_command_line()


if __name__ == "__main__":
    sys.exit(main())
