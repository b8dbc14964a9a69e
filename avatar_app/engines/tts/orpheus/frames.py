"""Audio tokens to frames: seven codes each, put in order whatever the model writes.

Orpheus writes a frame of sound (2,048 samples at 24 kHz) as seven tokens. In the vocabulary each
place of a frame has 4,096 tokens of its own, so a token tells its place as well as its code.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

Frame = tuple[int, ...]
"""Seven codes, 0 to 4095, in the order in which they are written."""

PLACES = 7
CODES = 4096
FIRST = 10
"""Number of the custom token that is code 0 of the first place; those before it are signs."""
LAST = FIRST + PLACES * CODES
_PERIODS = 8
"""Frames of the longest pattern that counts as a loop."""
_LOOP = 24
"""Frames, two seconds, for which the sound may repeat itself."""


def place_and_code(custom: int) -> tuple[int, int] | None:
    """Return place and code of the custom token number `custom`; None if it is not a sound."""
    if not FIRST <= custom < LAST:
        return None
    return divmod(custom - FIRST, CODES)


def frames_of(customs: Iterable[int]) -> Iterator[Frame]:
    """Yield the frames of a stream of custom tokens.

    A token that is missing, repeated or out of place would shift all codes after it, which sounds
    like noise. So a frame in which that happens is dropped, and the next one begins at the next
    token of the first place.
    """
    codes: list[int] = []
    for custom in customs:
        found = place_and_code(custom)
        if found is None:
            codes = []
            continue
        place, code = found
        if place != len(codes):
            codes = []
        if place == len(codes):
            codes.append(code)
        if len(codes) == PLACES:
            yield tuple(codes)
            codes = []


def until_loop(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Yield frames until they repeat themselves for two seconds: the model is stuck."""
    recent: deque[Frame] = deque(maxlen=_PERIODS)
    repeated = [0] * _PERIODS
    for frame in frames:
        for period, before in enumerate(reversed(recent)):
            repeated[period] = repeated[period] + 1 if before == frame else 0
        if max(repeated) >= _LOOP:
            return
        yield frame
        recent.append(frame)
