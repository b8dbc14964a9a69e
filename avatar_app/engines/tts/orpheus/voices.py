"""The voices of Orpheus by language, as its models were trained with them."""

from __future__ import annotations

from types import MappingProxyType

from avatar_app.core.errors import ConfigInvalid

VOICES = MappingProxyType(
    {
        "en": ("tara", "leah", "jess", "leo", "dan", "mia", "zac", "zoe"),
        "fr": ("pierre", "amelie", "marie"),
        "de": ("jana", "thomas", "max"),
        "es": ("javi", "sergio", "maria"),
        "it": ("pietro", "giulia", "carlo"),
    }
)
"""The first of each language is the best one (https://github.com/canopyai/Orpheus-TTS)."""
SUBSTITUTES = 2
"""Voices that are tried after one that says nothing."""


def voice_of(name: str, language: str) -> str:
    """Return the voice `name`, or the first one of the language. Raises ConfigInvalid."""
    known = VOICES[language]
    if name and name not in known:
        raise ConfigInvalid(f"Orpheus has no voice {name!r}.", f"It has {', '.join(known)}.")
    return name or known[0]


def tried_voices(name: str, language: str) -> tuple[str, ...]:
    """Return `name`, and the voices that are tried in its place where it says nothing."""
    others = (each for each in VOICES[language] if each != name)
    return (name, *others)[: 1 + SUBSTITUTES]
