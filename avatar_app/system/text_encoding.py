"""Decodes texts that users bring: UTF-8, UTF-16, and Windows-1252, which holds ISO 8859-1.

Windows-1252 has no mark, and every other code page of Windows passes for it. So it is assumed only
where the letters beyond ASCII are those of one language that is written in it: Polish, Turkish or
Russian bytes would come out as a mixture that no language has.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter

from avatar_app.core.errors import InputInvalid
from avatar_app.core.whole_text import whole_text

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the next one
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ALPHABETS = tuple(
    map(
        frozenset,
        (
            "äöüßé",  # German
            "àâæçéèêëîïôœùûüÿ",  # French
            "áéíóúüñ",  # Spanish
            "áâãàçéêíóôõúü",  # Portuguese
            "àèéìíîòóùú",  # Italian
            "áàâäéèêëíïóôöúüç",  # Dutch
            "æøåéòôü",  # Danish, Norwegian
            "åäöéüà",  # Swedish, Finnish
            "áéíóúýðþæö",  # Icelandic
            "àçèéíïòóúü",  # Catalan
        ),
    )
)
"""Letters beyond ASCII, with those of loan words."""
_OF_ANY = frozenset[str]().union(*_ALPHABETS)
_SIGNS = frozenset("ªºµƒ")
"""That Python takes for letters."""
SELDOM, MOST = 0.01, 0.5
"""Of the letters, those beyond ASCII: in English, and in the shortest German word."""
ENOUGH = 0.97
"""Of the letters beyond ASCII, those of one alphabet."""
_IN_WORD = re.compile("[A-Za-zÀ-ÖØ-öø-ÿ][€‚„†‡ˆ‰‹•˜™›¡-ª¬®-±³µ¶¹º¼-¿×÷][A-Za-zÀ-ÖØ-öø-ÿ]")
"""A sign within a word, which in another code page is a letter."""
_NO_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})
"""Categories of characters that no text has, besides blanks."""


def decoded(content: bytes, name: str) -> str:
    """Return the text of a file without its byte order mark. Raises InputInvalid for what is no
    text, or where the encoding is not certain; `name` is the file's."""
    text = _decoded(content)
    if text is not None:
        return whole_text(text)
    if b"\0" in content:
        raise InputInvalid(f"{name} is no text.", "Choose a text file.")
    raise InputInvalid(f"The encoding of {name} is unknown.", "Save it as UTF-8.")


def _decoded(content: bytes) -> str | None:
    for mark, code in _MARKS:
        if content.startswith(mark):
            return _strictly(content, code)
    if b"\0" in content:
        return _utf_16(content)
    if (text := _strictly(content, "utf-8-sig")) is not None:
        return text
    text = content.decode("utf-8-sig", errors="replace")
    if sum(character > "\x7f" for character in text) > 2 * text.count("\ufffd"):
        return text  # a damaged character is marked; the others are certain
    western = _strictly(content, "cp1252")
    return western if western is not None and _is_western(western) else None


def _strictly(content: bytes, code: str) -> str | None:
    try:
        return content.decode(code, "surrogatepass" if code.startswith("utf-16") else "strict")
    except UnicodeDecodeError:
        return None


def _utf_16(content: bytes) -> str | None:
    """Decode UTF-16 without a mark, by the zeros in its Latin letters, blanks and line ends."""
    big, little = 0 in content[::2], 0 in content[1::2]
    if big == little:
        return None
    text = _strictly(content, "utf-16-be" if big else "utf-16-le") or ""
    strange = (unicodedata.category(each) for each in set(text).difference("\t\n\v\f\r"))
    return text if text and _NO_TEXT.isdisjoint(strange) else None


def _is_western(text: str) -> bool:
    letters = Counter(text.lower())
    for character in tuple(letters):
        if not character.isalpha() or character in _SIGNS:
            del letters[character]
    beyond = {letter: count for letter, count in letters.items() if letter > "\x7f"}
    share = sum(beyond.values()) / max(letters.total(), 1)
    if share > MOST or _IN_WORD.search(text):
        return False
    if share < SELDOM and beyond.keys() <= _OF_ANY:
        return True
    known = max(
        sum(count for letter, count in beyond.items() if letter in alphabet)
        for alphabet in _ALPHABETS
    )
    return known >= ENOUGH * sum(beyond.values())
