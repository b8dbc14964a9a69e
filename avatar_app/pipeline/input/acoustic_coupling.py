"""Detects whether the microphone hears the loudspeaker; with headphones it does not."""

from __future__ import annotations

from collections import deque

from avatar_app.pipeline.input.running_quantile import RunningQuantile

FAR_WINDOW = 60
"""Blocks of played sound (0.6 s) in which the sound heard now may have been played."""
NEAR_WINDOW = 25
"""Blocks of microphone sound (0.25 s) that are compared with it."""
ACTIVE = 1e-5
"""Mean power of played sound (−50 dBFS) from which it is loud enough to judge."""
SETTLED = 35
"""Blocks for which it must have been so: echoes come up to 0.35 s late."""
INAUDIBLE = 10**-3.8
"""Ratio of powers (−38 dB) below which an echo is inaudible."""
ABOVE_NOISE = 1.8
"""What is heard must have this multiple of the power of the room's noise (2.6 dB): an echo as loud
as the noise is audible, and interrupts."""
LOUD = 0.5
"""Share of the moments of active loudspeaker that are judged: the louder ones, as a weak echo
disappears in the noise between two words."""
REMEMBERED = 300
"""Judgments (6 s of active loudspeaker) of which the quieter quarter decides."""
ENOUGH = 30


class AcousticCoupling:
    """Judges by the quieter quarter of the moments in which the loudspeaker was loud: what the user
    says in between makes only the louder ones louder.

    An echo canceller that has nothing to cancel suppresses the user instead, until it has adapted;
    passing silence as its reference avoids that.
    """

    def __init__(self) -> None:
        self._far: deque[float] = deque(maxlen=FAR_WINDOW)
        self._near: deque[float] = deque(maxlen=NEAR_WINDOW)
        self._fars = RunningQuantile(REMEMBERED)
        self._ratios = RunningQuantile(REMEMBERED)
        self._quiet = RunningQuantile(REMEMBERED)
        self._active_blocks = 0
        self.audible = True
        """Whether the loudspeaker is heard; assumed until there is evidence."""

    def observe(self, near_power: float, far_power: float) -> None:
        """Take the mean powers of one block of the microphone and of what was played meanwhile."""
        self._far.append(far_power)
        self._near.append(near_power)
        far, near = sum(self._far) / len(self._far), sum(self._near) / len(self._near)
        if far < ACTIVE:
            self._active_blocks = 0
            self._quiet.add(near)  # over as long a time as an echo: unsteady noise is no echo
            return
        self._active_blocks += 1
        if self._active_blocks < SETTLED:
            return
        self._fars.add(far)
        if far < self._fars.quantile(1 - LOUD):
            return
        noise = self._quiet.quantile(0.2)
        self._ratios.add(near / far if near > ABOVE_NOISE * noise else 0.0)
        if len(self._ratios) >= ENOUGH:
            self.audible = self._ratios.quantile(0.25) > INAUDIBLE
