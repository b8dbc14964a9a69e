"""A text to translate, and where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

PLACE = re.compile(r"\{(\w*)\}")
"""A place for a value."""


@dataclass(frozen=True, slots=True)
class Message:
    """A text in English, as catalogs list it."""

    text: str
    plural: str = ""
    """The text for several, where it has a number."""
    where: str = ""
    """File and line, for the translator."""


def has_words(text: str) -> bool:
    """Whether there is anything to translate in a text besides the places of its values."""
    return any(letter.isalpha() for letter in PLACE.sub("", text))


def numbered(text: str) -> list[str]:
    """Return the places of a text in the order of their names: {} {} are {0} {1}."""
    names = [place.group(1) for place in PLACE.finditer(text)]
    return sorted(name or str(number) for number, name in enumerate(names))
