"""Turns the phonemes of espeak-ng, in IPA, into mouth shapes with their times.

A symbol the table lacks is read as the letter its Unicode name is built on (ᶑ: d), which keeps
the place of articulation; marks of stress, length and tone move no lip.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

from avatar_app.core.values import MouthShape
from avatar_app.engines.tts.espeak.library import RATE, PhonemeSpoken, Utterance

ShapeAt = tuple[MouthShape, int]
"""From this sample on, the mouth heads for the shape."""

_SYMBOLS = {
    MouthShape.PP: "pbmɓʙʘβ",
    MouthShape.FF: "fvʋⱱɱɸ",
    MouthShape.TH: "θð",
    MouthShape.DD: "tdɗʈɖɾɽ",
    MouthShape.KK: "kgɡɠqɢʛxɣχʁʀŋɴcɟħɰɧ",
    MouthShape.CH: "ʃʒɕʑʂʐ",
    MouthShape.SS: "sz",
    MouthShape.NN: "nlɫɭɳɲʎʟɬɮɺ",
    MouthShape.RR: "rɹɻɚɝ",
    MouthShape.AA: "aɑæɐʌɶ",
    MouthShape.E: "eɛəɘɜɞ",
    MouthShape.IH: "iɪᵻɨɯjçʝ",
    MouthShape.OH: "oɔɒɤɵøœ",
    MouthShape.OU: "uʊwʍyʏʉɥᵿ",
}
_SHAPES = {symbol: shape for shape, symbols in _SYMBOLS.items() for symbol in symbols}
_BREATHED = frozenset("hɦʔʕʜʢ")  # made in the throat: the lips already take the next shape
_AFFRICATES = frozenset({MouthShape.CH, MouthShape.SS})
_VOICELESS_PLOSIVES = frozenset("ptʈckq")
_LONG = "ː"
_BASE_LETTER = re.compile(r"LETTER (?:\w{2,} )*(\w)\b")

_SHORTEST_PAUSE = RATE // 20
"""Samples; in a shorter one the mouth does not close."""
_CLOSURE = RATE // 25
"""Samples between the closing of a voiceless plosive and its burst (measured: 35 to 45 ms)."""


def shapes_of(ipa: str) -> list[MouthShape]:
    """The shapes of one phoneme, one after another, of equal length; length marks repeat one."""
    shapes: list[MouthShape] = []
    for symbol in ipa:
        if symbol == _LONG and shapes:
            shapes.append(shapes[-1])
        elif shape := _shape(symbol):
            if shapes[-1:] == [MouthShape.DD] and shape in _AFFRICATES:
                shapes.pop()
            shapes.append(shape)
    return shapes


def _shape(symbol: str) -> MouthShape | None:
    if symbol in _SHAPES or not unicodedata.category(symbol).startswith("L"):
        return _SHAPES.get(symbol)
    if symbol in _BREATHED or unicodedata.category(symbol) == "Lm":
        return None
    letter = _BASE_LETTER.search(unicodedata.name(symbol, ""))
    return _SHAPES.get(letter[1].lower()) if letter else None


def mouth_of(utterance: Utterance) -> list[ShapeAt]:
    """The shapes of an utterance in order, none twice in a row; the first may begin before it."""
    track: list[ShapeAt] = []
    for shape, sample in _all_shapes(utterance):
        if not track or track[-1][0] != shape:
            track.append((shape, sample))
    return track


def _all_shapes(utterance: Utterance) -> Iterator[ShapeAt]:
    total = len(utterance.samples)
    starts = list(_starts(utterance.phonemes, _samples(utterance.phonemes, total)))
    breathed: int | None = None  # where a sound began whose shape is the next one's
    for phoneme, start, end in zip(utterance.phonemes, starts, [*starts[1:], total], strict=True):
        shapes = shapes_of(phoneme.ipa)
        begin = start if breathed is None else breathed
        breathed = begin if phoneme.ipa and not shapes else None
        yield from _spread(shapes, begin, end)
        if not phoneme.ipa and (end - start >= _SHORTEST_PAUSE or end == total):
            yield MouthShape.SIL, start


def _samples(phonemes: Sequence[PhonemeSpoken], total: int) -> Iterator[int]:
    """Where each phoneme begins; those that are reported at one sample share the time there."""
    for sample, group in groupby(phoneme.sample for phoneme in phonemes):
        count = len(list(group))
        end = next((later.sample for later in phonemes if later.sample > sample), total)
        yield from (sample + max(0, end - sample) * index // count for index in range(count))


def _starts(phonemes: Sequence[PhonemeSpoken], samples: Iterator[int]) -> Iterator[int]:
    """Where the mouth begins each phoneme: espeak-ng reports a voiceless plosive at its burst, but
    the lips close before it; not before the middle of the preceding phoneme, though."""
    previous: int | None = None
    for phoneme, sample in zip(phonemes, samples, strict=True):
        closing = sample - _CLOSURE
        if previous is not None:
            closing = max(closing, (previous + sample) // 2)
        closed = any(symbol in _VOICELESS_PLOSIVES for symbol in phoneme.ipa)
        previous = closing if closed else sample
        yield previous


def _spread(shapes: Sequence[MouthShape], start: int, end: int) -> Iterator[ShapeAt]:
    for index, shape in enumerate(shapes):
        yield shape, start + (end - start) * index // len(shapes)
