"""The part of the face crop in which lips are painted."""

from __future__ import annotations

from dataclasses import dataclass

SIDE = 96
"""Width and height of the face crop, in pixels."""
MASKED_FROM = SIDE // 2
"""The first row of the lower half of the face, which is painted."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the crop, by default of the 96 × 96 one of Wav2Lip."""

    top: int = MASKED_FROM
    bottom: int = SIDE
    left: int = 0
    right: int = SIDE
    side: int = SIDE
    """Of the crop that it is part of."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""
        return self.bottom - self.top, self.right - self.left


WHOLE = Region(top=0)
LOWER_HALF = Region()
