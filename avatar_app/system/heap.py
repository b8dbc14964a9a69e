"""The heaps of glibc: as many threads come and go, what they free stays in heaps of their own.

Elsewhere than on Linux with glibc nothing is done.
"""

from __future__ import annotations

import ctypes
import sys

MOST_HEAPS = 2
"""In place of up to eight a core."""
_M_ARENA_MAX = -8
"""mallopt(3)."""


def share_heaps() -> None:
    """Let all threads share MOST_HEAPS heaps; to be called before they are started."""
    _call("mallopt", _M_ARENA_MAX, MOST_HEAPS)


def return_freed() -> None:
    """Return freed memory to the system (malloc_trim(3)); glibc would keep it for later."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    if sys.platform == "linux":
        function = getattr(ctypes.CDLL(None), name, None)  # another libc may have none
        if function is not None:
            function(*arguments)
