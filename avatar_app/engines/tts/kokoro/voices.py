"""Converts voice names, and blends of them, to style vectors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.values import Samples

LANGUAGES = {"a": "en-us", "b": "en-gb", "e": "es", "f": "fr", "h": "hi", "i": "it", "p": "pt-br"}
"""By the first letter of a voice's name."""
_UNREADABLE = {"j": "Japanese", "z": "Chinese"}
"""Languages that espeak-ng pronounces differently from Kokoro's training data."""


def parts_of(voice: str) -> dict[str, float]:
    """Return the voices of a blend and their shares, which add up to 1. Raises ConfigInvalid."""
    shares: dict[str, float] = {}
    for part in voice.split("+"):
        name, _, share = part.strip().partition(":")
        try:
            weight = float(share or 1)
        except ValueError:
            weight = -1
        if not name or not 0 < weight < float("inf"):
            raise ConfigInvalid(
                f"{voice!r} is no voice of Kokoro.",
                "Name one, or blend some: af_heart:0.6+am_adam:0.4.",
            )
        shares[name.strip()] = shares.get(name.strip(), 0) + weight
    whole = sum(shares.values())
    return {name: share / whole for name, share in shares.items()}


def style_of(voice: str, voices: Mapping[str, Samples]) -> Samples:
    """Return the style of a voice or blend, shape (n, 1, 256): one row per number of phonemes."""
    shares = parts_of(voice)
    for name in shares:
        if name not in voices:
            known = sorted(voices)
            more = ", …" if len(known) > 12 else ""
            raise ConfigInvalid(
                f"Kokoro has no voice {name!r}.", f"It has {', '.join(known[:12])}{more}."
            )
    if len(shares) == 1:
        return voices[next(iter(shares))]
    blend = sum(np.asarray(voices[name], np.float32) * share for name, share in shares.items())
    return np.asarray(blend, np.float32)


def language_of(voice: str, language: str) -> str:
    """Return the language of the text: the chosen one, or that of the voice with the largest
    share."""
    if language != "auto":
        return language
    shares = parts_of(voice)
    initial = max(shares, key=lambda name: shares[name])[:1]
    if initial in _UNREADABLE:
        raise ConfigInvalid(
            f"The voice {voice} speaks {_UNREADABLE[initial]}, which cannot be read here.",
            "Choose another voice, or a language for it.",
        )
    return LANGUAGES.get(initial, "en-us")
