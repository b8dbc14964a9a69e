"""The mood of what is said, by its words: the face shows it while they are spoken.

A few hundred words of six languages, and the sounds of emotion that a text may ask for, are enough
for a smile or a look of concern; where they say nothing the face stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from avatar_app.core.emotions import EMOTION_TAG, without_emotions
from avatar_app.core.values import Mood, SpeechChunk

_SOUNDS = {
    "laugh": Mood.JOY,
    "chuckle": Mood.JOY,
    "sigh": Mood.CONCERN,
    "groan": Mood.CONCERN,
    "sniffle": Mood.CONCERN,
    "gasp": Mood.SURPRISE,
}
_ORDER = (Mood.CONCERN, Mood.SURPRISE, Mood.JOY)
"""Of moods with as many words: it is better not to smile at something sad."""
_SENTENCE = re.compile(r"\S.*?(?:[。！？]+|[.!?…؟]+['\"»”’)]*(?=\s|$)|$)", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?…。！？؟]['\"»”’)]*\s*$")


class _Lexicon(NamedTuple):
    words: dict[Mood, re.Pattern[str]]
    negated: re.Pattern[str]


def mood_of(text: str) -> Mood:
    """Return the mood that most of a text's words speak for."""
    lexicon = _lexicon()
    lowered = lexicon.negated.sub(" ", text.casefold())
    scores = {mood: len(pattern.findall(lowered)) for mood, pattern in lexicon.words.items()}
    for tag in EMOTION_TAG.finditer(text):
        if mood := _SOUNDS.get(tag[1].lower()):
            scores[mood] += 2
    best = max(_ORDER, key=lambda mood: scores[mood])
    return best if scores[best] else Mood.NEUTRAL


class MoodTrack:
    """The mood from clause to clause: it lasts to the end of its sentence."""

    def __init__(self) -> None:
        self._mood, self._ended = Mood.NEUTRAL, True

    def next(self, clause: str) -> Mood:
        """Return the mood of the next clause."""
        mood = mood_of(clause)
        if mood is not Mood.NEUTRAL or self._ended:
            self._mood = mood
        self._ended = bool(_SENTENCE_END.search(clause))
        return self._mood


def with_moods(speech: Iterable[SpeechChunk], text: str) -> Iterator[SpeechChunk]:
    """Yield the speech of a whole text, each chunk in the mood of its sentence."""
    sentences = _SENTENCE.findall(text)
    moods = [
        mood
        for sentence, mood in zip(sentences, map(mood_of, sentences), strict=True)
        for _word in without_emotions(sentence).split()
    ]
    said = 0
    for chunk in speech:
        yield replace(chunk, mood=moods[min(said, len(moods) - 1)]) if moods else chunk
        said += len(chunk.text.split())


@cache
def _lexicon() -> _Lexicon:
    content = yaml.safe_load(Path(__file__).with_name("moods.yaml").read_text(encoding="utf-8"))
    words = {mood: _any_of(content[mood.value]) for mood in _ORDER}
    joyful = words[Mood.JOY].pattern
    denied = _any_of(content["not"]).pattern
    return _Lexicon(words, re.compile(rf"{denied}(?:\s+\w+)?\s*{joyful}"))


def _any_of(entries: Iterable[str]) -> re.Pattern[str]:
    """Match whole words, stems that end in an asterisk, and words of languages without blanks."""
    alternatives = []
    for entry in sorted(entries, key=len, reverse=True):
        stem = re.escape(entry.removesuffix("*").casefold())
        ends = r"\w*" if entry.endswith("*") else "" if entry.endswith(("?", "؟")) else r"\b"
        has_blanks = re.search(r"[\u3040-\u9fff]", entry) is None
        alternatives.append(rf"\b{stem}{ends}" if has_blanks else stem)
    return re.compile(f"(?:{'|'.join(alternatives)})")
