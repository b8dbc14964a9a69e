"""Recognizes which template a finished text was made from: “Cannot read a.wav.” from
“Cannot read {0}.”, with the value `a.wav`.

Rooms below the window make their sentences in English, with the values in them, and know nothing of
languages. What a template looked like is known from their source (packaging/messages.py), so that a
finished sentence can be taken apart where it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

PLACE = re.compile(r"\{(\w*)\}")
"""A place for a value."""
_ENGLISH = re.compile(r"(the|your|its|an?|no) ")
"""Such a value is a part of an English sentence: the template only looks like it."""
LEAST = 4
"""Letters that a template has around its values: with fewer it would be anything's."""
_SENTENCE_END = re.compile(r"(?<=[.!?…]) +(?=[A-Z“‘])")


@dataclass(frozen=True, slots=True)
class TemplateMatch:
    """A template, and the values that make a text of it."""

    template: str
    values: tuple[str, ...]

    def filled(self, translation: str, values: Sequence[str]) -> str:
        """Put the values into a translation of the template."""
        return PLACE.sub(lambda place: values[int(place.group(1))], translation)


class TemplateIndex:
    """Templates with places {0}, {1} …, those with the most letters of their own first."""

    def __init__(self, templates: Iterable[str]) -> None:
        own = {template: _letters(template) for template in templates}
        ordered = sorted((each for each in own if own[each] >= LEAST), key=lambda t: -own[t])
        self._templates = [(_longest_part(template), template) for template in ordered]

    def match(self, text: str) -> TemplateMatch | None:
        """Return the template that a text was made from; None for none."""
        for part, template in self._templates:
            if part not in text or (found := _pattern(template).fullmatch(text)) is None:
                continue
            values = _in_order(template, found)
            if not any(map(_ENGLISH.match, values)):
                return TemplateMatch(template, values)
        return None


def sentences(text: str) -> list[str]:
    """Split a text into its sentences."""
    return _SENTENCE_END.split(text)


def _letters(template: str) -> int:
    return sum(letter.isalpha() for letter in PLACE.sub("", template))


def _longest_part(template: str) -> str:
    """Return the longest text between two places, which every text of the template contains."""
    return max(PLACE.sub("\0", template).split("\0"), key=len)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """Every value is at least one character; the same place twice is the same value."""
    parts, at, seen = [], 0, set()
    for place in PLACE.finditer(template):
        name = place.group(1)
        parts.append(re.escape(template[at : place.start()]))
        parts.append(f"(?P=v{name})" if name in seen else f"(?P<v{name}>.+?)")
        seen.add(name)
        at = place.end()
    parts.append(re.escape(template[at:]))
    return re.compile("".join(parts), re.DOTALL)


def _in_order(template: str, found: re.Match[str]) -> tuple[str, ...]:
    names = {place.group(1) for place in PLACE.finditer(template)}
    return tuple(found[f"v{name}"] for name in sorted(names, key=int))
