"""The words of consent: the avatar's question in the user's language, and what an answer means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz import fuzz

from avatar_app.core.values import PermissionRequest

ALIKE = 80
"""Similarity, of 100, from which words are forms of one: “note” and “notes”."""
MOST_WORDS = 24
"""An answer that is longer is a story, or the avatar's own question as an echo."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


class Reading(StrEnum):
    """What an answer to a request for consent means."""

    AGREED = "agreed"  # and it names the act
    VAGUE = "vague"  # a yes to anything
    EARLY = "early"  # a yes before the question was heard, or while the avatar spoke
    REFUSED = "refused"
    OTHER = "other"  # it is about something else


@dataclass(frozen=True, slots=True)
class ConsentWords:
    """Of one language."""

    phrases: dict[str, Any]

    def question(self, request: PermissionRequest) -> str:
        """Return the question, with what the user is to say."""
        details = self.phrases["with"].format(details=request.details) if request.details else ""
        return self._said("question", request, details=details)

    def again(self, request: PermissionRequest, why: Reading) -> str:
        """Return why an answer was not taken: VAGUE or EARLY."""
        return self._said("silent" if why is Reading.EARLY else "named", request)

    def answer(self, request: PermissionRequest, *, agreed: bool = True) -> str:
        """Return what the user can say to agree, or to refuse."""
        return str(self.phrases["answer" if agreed else "decline"]).format(act=request.act)

    def told(self, phrase: str, **values: str) -> str:
        """Return `refused`, `expired`, `done` or `failed`."""
        return str(self.phrases[phrase]).format(**values)

    def reading(self, text: str, request: PermissionRequest) -> Reading:
        """Return what an answer means. A negation anywhere refuses."""
        words = _words(text)
        if not words or len(words) > MOST_WORDS:
            return Reading.OTHER
        said = f" {' '.join(words)} "
        if self._has(said, "refuse"):
            short = len(words) <= 3
            return Reading.REFUSED if short or self._names(words, request) else Reading.OTHER
        if not self._has(said, "agree"):
            return Reading.OTHER
        if self._names(words, request):
            return Reading.AGREED
        return Reading.VAGUE if len(words) <= 4 else Reading.OTHER

    def _said(self, phrase: str, request: PermissionRequest, **more: str) -> str:
        yes = self.answer(request)
        return str(self.phrases[phrase]).format(act=request.act, yes=yes, **more)

    def _has(self, said: str, sort: str) -> bool:
        return any(f" {' '.join(_words(each))} " in said for each in self.phrases[sort])

    def _names(self, words: list[str], request: PermissionRequest) -> bool:
        idle = {*self.phrases["idle"], *self.phrases["agree"]}
        named = [word for word in _words(request.act) if word not in idle]
        return any(fuzz.ratio(word, name) >= ALIKE for name in named for word in words)


def words_for(language: str) -> ConsentWords:
    """Return the words of a language (ISO 639-1); English where it is unknown or not provided."""
    known = _known()
    return ConsentWords(known.get(language[:2].lower(), known["en"]))


@cache
def _known() -> dict[str, Any]:
    path = Path(__file__).with_name("consent_words.yaml")
    document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return document


def _words(text: str) -> list[str]:
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]
