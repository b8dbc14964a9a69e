"""Runs a measurement in a fresh Python process with a data folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from avatar_app.core.errors import EngineFailed
from avatar_app.system.paths import DATA_DIR_VARIABLE, AppPaths

OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}
"""Environment in which Qt needs no display."""


def run_probe(
    arguments: Sequence[str], paths: AppPaths, timeout: float, what: str, *, shown: bool = False
) -> str:
    """Run Python with these arguments and return its output.

    `timeout`: seconds; `what`: the subject of error messages, such as "The window"; `shown`:
    whether Qt may use the display. Raises EngineFailed.
    """
    environment = os.environ | {DATA_DIR_VARIABLE: str(paths.data)} | ({} if shown else OFFSCREEN)
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineFailed(f"{what} did not end in time.", "Close other programs.") from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "").strip().splitlines()[-1:]
        raise EngineFailed(
            f"{what} failed: {' '.join(last)}.", "Type: avatar-app doctor"
        ) from error
    return done.stdout
