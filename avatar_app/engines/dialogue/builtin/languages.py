"""Detects languages other than English."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import yaml

from avatar_app.engines.dialogue.builtin.words import Word

_SCRIPTS = {
    "CYRILLIC": "Russian",
    "CJK": "Chinese",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
    "ARABIC": "Arabic",
    "HEBREW": "Hebrew",
    "GREEK": "Greek",
    "DEVANAGARI": "Hindi",
    "THAI": "Thai",
}


def other_language(words: Sequence[Word]) -> str:
    """Return the name of a language other than English in which the words are, or empty."""
    return _by_script("".join(word.text for word in words)) or _by_words(words)


def _by_script(text: str) -> str:
    for letter in text:
        script = unicodedata.name(letter, "").split(" ")[0]
        if language := _SCRIPTS.get(script):
            return language
    return ""


def _by_words(words: Sequence[Word]) -> str:
    counts = {
        language: sum(word.text in little for word in words)
        for language, little in _little_words().items()
    }
    language = max(counts, key=lambda name: counts[name])
    return language if counts[language] >= 2 and counts[language] * 2 >= len(words) else ""


@cache
def _little_words() -> dict[str, frozenset[str]]:
    document = yaml.safe_load(Path(__file__).with_name("languages.yaml").read_text("utf-8"))
    return {language: frozenset(words) for language, words in document.items()}
