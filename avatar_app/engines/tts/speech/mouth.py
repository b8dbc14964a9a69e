"""Maps IPA phonemes to visemes.

A symbol that is not in the table is treated as the base letter of its Unicode name (ᶑ: d), which
has the same place of articulation; marks of stress, length and tone have no viseme.
"""

from __future__ import annotations

import re
import unicodedata

from avatar_app.core.values import MouthShape

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
_LONG = "ː"
_BASE_LETTER = re.compile(r"LETTER (?:\w{2,} )*(\w)\b")


def shapes_of(ipa: str) -> list[MouthShape]:
    """Return the visemes of one phoneme, of equal length; a length mark repeats the last one."""
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
