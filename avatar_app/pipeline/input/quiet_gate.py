"""Quiet gate: skips echo cancellation and voice detection while the room is quiet."""

from __future__ import annotations

from avatar_app.pipeline.input.running_quantile import RunningQuantile

REMEMBERED = 300
"""Blocks (3 s) whose quieter part is the room's own noise."""
NOISE = 0.2
"""Quantile of their powers that counts as noise."""
ABOVE_NOISE = 2.5
"""How much louder (4 dB) a block must be to be possible speech."""
INAUDIBLE = 10**-7.5
"""Mean power (−75 dBFS) up to which nothing is speech."""
ENOUGH = 100
"""Blocks after which the noise is known."""
AWAKE = 100
"""Blocks (1 s) that must have been quiet before the effort is reduced."""


class QuietGate:
    """Open while somebody may be speaking. A detector costs a hundred times as much; while the gate
    is closed it need not run. It errs on the open side: any louder block opens it at once."""

    def __init__(self) -> None:
        self._powers = RunningQuantile(REMEMBERED)
        self._awake = AWAKE

    @property
    def is_open(self) -> bool:
        return self._awake > 0

    @property
    def quiet_power(self) -> float:
        """Return the mean power of a block below which it is quiet; 0 before that is known."""
        if len(self._powers) < ENOUGH:
            return 0.0
        return max(INAUDIBLE, ABOVE_NOISE * self._powers.quantile(NOISE))

    def hear(self, power: float) -> bool:
        """Return whether the gate is open for a block of this mean power."""
        quiet = power < self.quiet_power
        self._powers.add(power)
        self._awake = self._awake - 1 if quiet and self._awake else 0 if quiet else AWAKE
        return self.is_open

    def keep_open(self) -> None:
        """Keep the gate open: sound is played, or somebody has the floor."""
        self._awake = AWAKE
