"""Busy: other programs that take all of the processor they can get, for as long as is measured."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_LOOP = """
import os
parent = os.getppid()
while os.getppid() == parent:  # nobody is left busy by a bench that was killed
    for _ in range(1000000):
        pass
"""


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """`count` processes of one busy thread each, as niced as this one, until the end."""
    made = [subprocess.Popen([sys.executable, "-I", "-S", "-c", _LOOP]) for _ in range(count)]
    try:
        yield
    finally:
        for process in made:
            process.kill()
        for process in made:
            process.wait()
