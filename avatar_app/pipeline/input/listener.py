"""What a listener does while the user speaks: nods, smiles along with laughter, says “uh-huh”."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.core.values import Samples
from avatar_app.pipeline.input.laughter import LaughterDetector
from avatar_app.pipeline.input.nods import Nods
from avatar_app.pipeline.output.backchannel import Backchannel


class Listener:
    """Runs on the conversation thread only."""

    def __init__(self, backchannel: Backchannel, clock: Callable[[], float]) -> None:
        self.backchannel, self._clock = backchannel, clock
        self._laughter, self._nods = LaughterDetector(), Nods()
        self.laughs = self.nods = False

    def hear(self, samples: Samples, silence: float, *, is_quiet: bool) -> None:
        """Take the next 10 ms of the microphone. `silence`: seconds since the user's last voice, 0
        without a turn of theirs; `is_quiet`: nothing in the room may be speech."""
        self.nods = self._nods.watch(silence, self._clock())
        self.laughs = not is_quiet and self._laughter.hear(samples)
