"""The phones of flite and Festival as mouth shapes; espeak-ng's are mapped by its own engine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from avatar_app.bench.labeled import SHAPES_OF_PHONES
from avatar_app.core.values import MouthShape

Track = list[tuple[float, MouthShape]]
"""From these seconds on, the mouth heads for the shape."""

SILENCES = frozenset({"pau", "#", "##", "_", "sil", "ssil", "brth"})
BREATHED = frozenset({"h", "hh", "hv", "H", "?"})
"""Made in the throat: the mouth already takes the next phone's shape."""
_OTHER_PHONES = {
    MouthShape.PP: "B P",
    MouthShape.FF: "F nf mg",
    MouthShape.TH: "T D",
    MouthShape.KK: "x N G",
    MouthShape.CH: "tS dZ S Z c dz' R",
    MouthShape.SS: "ts dz",
    MouthShape.NN: "L J",
    MouthShape.AA: "a A &",
    MouthShape.E: "e E @",
    MouthShape.IH: "i j I",
    MouthShape.OH: "o O 7",
    MouthShape.OU: "u U",
}
_SHAPES = SHAPES_OF_PHONES | {
    name: (shape,) for shape, names in _OTHER_PHONES.items() for name in names.split()
}
"""Of flite's phones, and of those that only Festival's languages have."""
_MARKS = re.compile(r"[0-9:~'*^]+$")
"""Of stress, length and the like: they move no lip."""


def track_of(phones: Iterable[tuple[str, float]], dialect: dict[str, MouthShape]) -> Track:
    """From (phone, its END in seconds). KeyError for a phone that no table knows.

    `dialect`: what phones of this voice mean otherwise than in the common table.
    """
    track: Track = []
    start, breathed = 0.0, None
    for name, end in phones:
        shapes = _shapes(name, dialect)
        first = start if breathed is None else breathed
        breathed = None if shapes else first
        for index, shape in enumerate(shapes):
            track.append((first + (end - first) * index / len(shapes), shape))
        start = end
    return [next(same) for _, same in groupby(track, key=lambda item: item[1])]


def _shapes(name: str, dialect: dict[str, MouthShape]) -> tuple[MouthShape, ...]:
    if name in SILENCES:
        return (MouthShape.SIL,)
    plain = name if name in _SHAPES else _MARKS.sub("", name) or name
    if name in dialect or plain in dialect:
        return (dialect.get(name) or dialect[plain],)
    if plain in BREATHED:
        return ()
    if plain not in _SHAPES and len(plain) > 1 and plain[0] == plain[1]:
        plain = plain[1:]  # a long consonant of Italian
    return _SHAPES[plain]
