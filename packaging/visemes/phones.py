"""The phones of flite and Festival as mouth shapes; espeak-ng's are mapped by its own engine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from avatar_app.core.values import MouthShape

Track = list[tuple[float, MouthShape]]
"""From these seconds on, the mouth heads for the shape."""

SILENCES = frozenset({"pau", "#", "##", "_", "sil", "ssil", "brth"})
BREATHED = frozenset({"h", "hh", "hv", "H", "?"})
"""Made in the throat: the mouth already takes the next phone's shape."""
_PHONES = {
    MouthShape.PP: "p b m em B P",
    MouthShape.FF: "f v F nf mg",
    MouthShape.TH: "th dh T D",
    MouthShape.DD: "t d dx nx",
    MouthShape.KK: "k g ng x N G",
    MouthShape.CH: "ch jh sh zh tS dZ S Z c dz' R",
    MouthShape.SS: "s z ts dz",
    MouthShape.NN: "n l el en L J",
    MouthShape.RR: "r er axr",
    MouthShape.AA: "aa ae ah a A &",
    MouthShape.E: "eh e E ax @",
    MouthShape.IH: "ih iy y i j ix I",
    MouthShape.OH: "ao o O 7",
    MouthShape.OU: "uw uh w u ux U",
}
_SHAPES = {name: (shape,) for shape, names in _PHONES.items() for name in names.split()} | {
    "ay": (MouthShape.AA, MouthShape.IH),
    "aw": (MouthShape.AA, MouthShape.OU),
    "oy": (MouthShape.OH, MouthShape.IH),
    "ow": (MouthShape.OH, MouthShape.OU),
    "ey": (MouthShape.E, MouthShape.IH),
}
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
