"""How large the pictures of a call are, and how many a second: as many as machine and wire carry.

A step down follows within seconds. A step up waits longer after each one that had to be taken back.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

NEEDED_BITS, MOST_BITS = 0.0175, 0.065
"""Of a pixel, on average: with fewer a drawn face has visible blocks, more are not seen."""
_SHAPE = 16 / 9
"""Width by height of the largest picture."""


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Of a call's pictures, at most."""

    lines: int
    """Height in pixels; the width is at most 16/9 of it."""
    fps: int
    """Pictures per second."""

    @property
    def pixels(self) -> float:
        """Per second."""
        return _SHAPE * self.lines**2 * self.fps

    @property
    def needed_rate(self) -> float:
        """Bits per second."""
        return NEEDED_BITS * self.pixels

    @property
    def most_rate(self) -> float:
        """Bits per second, however many the receiver allows."""
        return MOST_BITS * self.pixels


SIZES = tuple(
    PictureSize(lines, fps) for lines, fps in ((720, 25), (540, 25), (360, 25), (360, 15), (360, 8))
)
"""From the best: lips are read more easily from small pictures than from few."""


class Shortage(StrEnum):
    """What does not carry more."""

    MACHINE = "machine"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class CallReading:
    """How a call went in the last second or so."""

    pictures: int
    """That were due and another than before."""
    dropped: float
    """Share of the moments for a picture that passed without one, as the one before took so long;
    0 to 1."""
    encoding: float
    """Seconds that encoding a picture took on average."""
    lost: float | None
    """Share of packets that the receiver missed, as it has reported meanwhile; 0 to 1."""
    allowed_rate: float
    """Bits per second that it estimates to be possible."""
    sent_rate: float
    """Bits per second of pictures."""


FEW_PICTURES = 4
"""With fewer the face stands still, which says nothing about a face that speaks."""
MUCH_TIME, LITTLE_TIME = 0.8, 0.6
"""Share of a picture's time that encoding may take; and that it would have to at the next size."""
MANY_DROPPED, FEW_DROPPED = 0.1, 0.02
MOST_LOST, MANY_LOST, FEW_LOST = 0.3, 0.1, 0.02
"""With the first a reading counts twice."""
FULL, SPARE = 0.9, 0.6
"""Shares of the allowed rate from which on more would be sent if it were allowed, and up to which
it says nothing about the wire."""
GROWTH, RECENT = 1.02, 3
"""Factor of the least rate of so many readings from which on the receiver still finds out what is
possible."""
BAD_READINGS = 3
"""Until a step down; good ones between them count against them."""
SETTLING = 2
"""Readings after a step that are not judged: its first picture is a whole one."""
PATIENCE = 10
"""Good readings until a step up."""
MOST_PATIENCE = 320
KEPT = 60
"""Readings after a step up at which it has proved right."""


class CallQuality:
    """Decides about the size of a call's pictures, by readings about a second apart."""

    def __init__(self) -> None:
        self._at = 0
        self._bad = self._good = self._since = 0
        self._patience = PATIENCE
        self._tries = False
        """Whether the last step was one up that has not proved right yet."""
        self._lost = 0.0
        self._allowed = deque[float](maxlen=RECENT)

    @property
    def size(self) -> PictureSize:
        return SIZES[self._at]

    def judge(self, reading: CallReading) -> Shortage | None:
        """Take a reading in, which may change `size`; returns what is short, None if nothing."""
        self._since += 1
        if self._tries and self._since > KEPT:
            self._tries, self._patience = False, PATIENCE
        lost = reading.lost or 0.0
        self._lost = self._lost if reading.lost is None else lost
        shortage = self._shortage(reading, lost)
        grows = reading.allowed_rate > GROWTH * min(self._allowed, default=0.0)
        self._allowed.append(reading.allowed_rate)
        if self._since <= SETTLING or reading.pictures < FEW_PICTURES:
            return shortage
        if shortage is Shortage.NETWORK and grows and lost < MANY_LOST:
            return shortage
        if shortage is not None:
            self._bad, self._good = self._bad + (2 if lost > MOST_LOST else 1), 0
        elif self._lost < MANY_LOST:
            self._bad = max(0, self._bad - 1)
            self._good += self._would_carry_more(reading)
        if self._bad >= BAD_READINGS:
            self._step_down()
        elif self._good >= self._patience:
            self._step_up()
        return shortage

    def _shortage(self, reading: CallReading, lost: float) -> Shortage | None:
        if reading.encoding * self.size.fps > MUCH_TIME or reading.dropped > MANY_DROPPED:
            return Shortage.MACHINE
        is_full = reading.sent_rate > FULL * reading.allowed_rate
        is_narrow = reading.allowed_rate < self.size.needed_rate
        if lost > MANY_LOST or (is_full and is_narrow):
            return Shortage.NETWORK
        return None

    def _would_carry_more(self, reading: CallReading) -> bool:
        if not self._at:
            return False
        larger = SIZES[self._at - 1]
        encoding = reading.encoding * larger.pixels / self.size.pixels * self.size.fps
        has_time = encoding < LITTLE_TIME and reading.dropped < FEW_DROPPED
        has_room = (
            reading.allowed_rate > larger.needed_rate
            or reading.sent_rate < SPARE * reading.allowed_rate
        )
        return has_time and has_room and self._lost < FEW_LOST

    def _step_down(self) -> None:
        if self._tries:
            self._patience = min(2 * self._patience, MOST_PATIENCE)
        self._step(min(self._at + 1, len(SIZES) - 1))
        self._tries = False

    def _step_up(self) -> None:
        self._step(self._at - 1)
        self._tries = True

    def _step(self, at: int) -> None:
        self._at = at
        self._bad = self._good = self._since = 0
