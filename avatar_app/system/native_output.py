"""Keeps what libraries print away from the terminal, or from a program that reads stdout."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDOUT, _STDERR = 1, 2
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


@contextmanager
def stdout_reserved() -> Iterator[None]:
    """Let what is printed meanwhile go to stderr, also by child processes that start now: stdout is
    another program's."""
    sys.stdout.flush()
    saved = os.dup(_STDOUT)
    try:
        os.dup2(_STDERR, _STDOUT)
        yield
        sys.stdout.flush()
    finally:
        os.dup2(saved, _STDOUT)
        os.close(saved)
