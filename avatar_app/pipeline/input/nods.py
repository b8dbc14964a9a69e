"""Nods: when a listener nods, from the silence of who speaks."""

from __future__ import annotations

NOD_AFTER = 0.09
"""Seconds without voice after which a listener nods: the detector of voice is late by as much
again, and a pause of speech has 200 ms (Heldner and Edlund 2010)."""
NOD_SECONDS = 0.6
"""That one nod takes."""
APART = 1.6
"""Seconds from one nod to the next, at least."""


class Nods:
    """Decides from the seconds of silence, each 10 ms."""

    def __init__(self) -> None:
        self._began = -APART

    def watch(self, silence: float, now: float) -> bool:
        """Return whether a nod is going on. `silence`: 0 while somebody speaks."""
        if silence >= NOD_AFTER and now - self._began >= APART:
            self._began = now
        going = now - self._began < NOD_SECONDS
        return going or (silence >= NOD_AFTER and self._began > 0)
