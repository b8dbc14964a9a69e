"""Suppresses what libraries written in C print to the terminal."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_hiding = threading.Lock()


@contextmanager
def native_output_hidden() -> Iterator[None]:
    """Discard what is written to the process's stderr meanwhile, by Python too: for calls of
    milliseconds. Threads take turns.
    """
    with _hiding:
        try:
            saved = os.dup(_STDERR)
        except OSError:  # stderr does not exist, as in a program without a terminal on Windows
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, _STDERR)
            yield
        finally:
            os.dup2(saved, _STDERR)
            os.close(nowhere)
            os.close(saved)
