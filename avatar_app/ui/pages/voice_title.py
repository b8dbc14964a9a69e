"""Names of voices for people: f2 is Woman 2, af_heart is Heart."""

from __future__ import annotations

import re

from avatar_app.ui.language.texts import translated

_NUMBERED = re.compile(r"([fm])(\d+)")
"""Names of espeak-ng's voices."""
_NAMED = re.compile(r"[a-z]([fm])_(\w+)")
"""Names of Kokoro's: language, sex and name."""


def voice_title(name: str) -> str:
    """Return the name of a voice as people say it."""
    if match := _NUMBERED.fullmatch(name):
        return f"{_person(match[1])} {match[2]}"
    if match := _NAMED.fullmatch(name):
        return match[2].replace("_", " ").title()
    return name if any(letter.isupper() for letter in name) else name.capitalize()


def person_of(name: str) -> str:
    """Return who speaks, where a name says that and the title does not; else nothing."""
    match = _NAMED.fullmatch(name)
    return _person(match[1]) if match else ""


def sex_of(name: str) -> str:
    """Return f or m; empty where a name does not say."""
    match = _NUMBERED.fullmatch(name) or _NAMED.fullmatch(name)
    return match[1] if match else ""


def _person(letter: str) -> str:
    return translated("Woman") if letter == "f" else translated("Man")
