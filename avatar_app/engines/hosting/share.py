"""Processor and memory limits of an engine's process."""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass

from avatar_app.core.thread_pools import PASSIVE

NO_PRIMITIVES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "0")
"""oneDNN otherwise keeps what it compiled for each length of sound it ever met, up to 1,024 times:
Whisper grew by 160 MB in a quarter of an hour of talk, and was no quicker for it."""
_M_ARENA_MAX = -8
"""mallopt(3)."""
MOST_ARENAS = 2
"""Heaps of glibc's malloc, which makes up to eight a core: what a thread frees stays in its own."""


@dataclass(frozen=True, slots=True)
class ProcessShare:
    """How a process behaves towards the others of the program."""

    niceness: int = 0
    """Added to that of the program (nice(2)); each step takes a fifth off its share where all
    processors are busy."""

    def take(self) -> None:
        """Apply it to this process, before any library is loaded that makes threads."""
        for name, value in (*PASSIVE.items(), NO_PRIMITIVES):
            os.environ.setdefault(name, value)
        if sys.platform == "linux":
            mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # another libc may have none
            if mallopt is not None:
                mallopt(_M_ARENA_MAX, MOST_ARENAS)
        if self.niceness and hasattr(os, "nice"):
            os.nice(self.niceness)


def give_back_memory() -> None:
    """Return what loading freed to the system: glibc keeps it for later otherwise."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
