"""Divides a text into phrases as espeak-ng is to say them, and finds each word in the sound again.

The clean-up is light: what a voice would spell out and a person would not (marks of Markdown,
emoji, the path of a web address) is left out of what is said. The words stay the text's own:
every whitespace-separated token gets its time, if need be of no length.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from avatar_app.engines.tts.espeak.library import WordSpoken


@dataclass(frozen=True, slots=True)
class Part:
    """A token of the text, or a part of a long one."""

    token: str
    """The token as the text has it; empty for the later parts of a token."""
    spoken: str
    """What espeak-ng is given; empty where nothing is to be said."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """What is said in one go, up to a pause."""

    parts: tuple[Part, ...]
    pause: float
    """Seconds of silence after it at normal speed."""

    @property
    def spoken(self) -> str:
        return " ".join(part.spoken for part in self.parts)


@dataclass(frozen=True, slots=True)
class WordAt:
    """A token and its samples."""

    token: str
    start: int
    end: int


_PAUSES = (
    (".!?…。！？｡।۔؟።", 0.28),
    (":;—–：；؛", 0.20),
    (",，、،၊", 0.12),
)
_PAUSE = {mark: seconds for marks, seconds in _PAUSES for mark in marks}
_NO_PAUSE = 0.04  # after a phrase that ends because it is long, and after the text's last word
_CLOSING = "\"'”’»›)]}*_`~」』）"
_OPENING = "\"'“‘«‹([{*_`~¿¡"
_TITLES = frozenset(
    (
        *("dr", "mr", "mrs", "ms", "prof", "st", "mme", "mlle", "sr", "sra", "dra", "hr", "fr"),
        *("vs", "etc", "bzw", "ca"),
    )
)
_BEFORE_NUMBERS = frozenset(("no", "nr", "nos", "art", "fig", "vol", "pp", "p", "abs", "kap"))
_LONGEST_PHRASE = 160
"""Characters, about 10 s of speech: 15 ms of computing."""
_LONGEST_PART = 60
"""Characters of a token without blanks (Chinese, Japanese, Thai) that are said in one go."""

_ADDRESS = re.compile(r"(?:https?|ftp)://(?:www\.)?([^\s/?#:)\]>]+)[^\s)\]>]*", re.IGNORECASE)
_LINK_TARGET = re.compile(r"\]\([^)]*\)")
_MARKUP = re.compile(r"[*_`~|•·▪◦]+(?=\W|_|$)|(?<!\w)[*_`~|•·▪◦]+|(?<!\w)#+(?!\w)|[*_`|[\]{}]+")
_MARKED_TIMES = re.compile(r"(?<=\d)\*(?=\d)")
_JOINERS = "\u200c\u200d"  # carry meaning between the letters of Persian and of Indian scripts
_SPELLED = frozenset("%&+=@$€£¥<>×÷±§^/\\#°©®™℃℉№")
_UNSPOKEN = ("C", "So", "Sk", "Me")  # categories of Unicode: control, emoji, accents alone, frames
_ARROWS = re.compile("[←-⇿]")
_SELECTORS = re.compile("[\ufe00-\ufe0f]")  # choose between text and emoji
_AFTER_SENTENCE = re.compile(r"(?<=[。！？｡、，；：])")


def phrases_of(text: str) -> Iterator[Phrase]:
    """Divide `text` at its punctuation; the parts of all phrases hold each token once, in order."""
    tokens = text.split()
    parts: list[Part] = []
    pause = _NO_PAUSE
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        for part in _parts(token):
            if part.spoken and _is_full(parts, pause):
                yield Phrase(tuple(parts), pause)
                parts, pause = [], _NO_PAUSE
            parts.append(part)
        pause = max(pause, _pause_after(token, following))
    if parts:
        yield Phrase(tuple(parts), pause)


def _is_full(parts: list[Part], pause: float) -> bool:
    said = sum(len(part.spoken) for part in parts)
    return said > 0 and (pause > _NO_PAUSE or said > _LONGEST_PHRASE)


def _pause_after(token: str, following: str) -> float:
    """Seconds between a token and the next: more than _NO_PAUSE ends the phrase."""
    bare = token.rstrip(_CLOSING)
    seconds = _PAUSE.get(bare[-1:], _NO_PAUSE)
    if bare[-1:] == "." and following and _is_abbreviation(bare, following):
        return _NO_PAUSE
    return seconds


def _is_abbreviation(token: str, following: str) -> bool:
    """Leaves it to espeak-ng whether a sentence ends here: Dr. Who, e.g. this, J. Bach, No. 5."""
    stem = token[:-1].lstrip(_OPENING).lower()
    numbered = stem in _BEFORE_NUMBERS and following[0].isdigit()
    initial = len(stem) == 1 and stem.isalpha() and stem != "i"
    return stem in _TITLES or numbered or initial or "." in stem or following[0].islower()


def _parts(token: str) -> Iterator[Part]:
    spoken = clean(token)
    name = token
    for sentence in _AFTER_SENTENCE.split(spoken):
        for start in range(0, max(len(sentence), 1), _LONGEST_PART):
            if name or sentence:
                yield Part(name, sentence[start : start + _LONGEST_PART])
            name = ""


def clean(token: str) -> str:
    """What is said of a token: empty, or something that espeak-ng pronounces."""
    token = _ADDRESS.sub(r"\1", unicodedata.normalize("NFC", token))
    token = _LINK_TARGET.sub("", token)
    token = _MARKED_TIMES.sub("×", token)
    token = _MARKUP.sub(lambda mark: " " if mark[0] in "_|" else "", token)
    token = "".join(_audible(token))
    speakable = any(symbol.isalnum() or symbol in _SPELLED for symbol in token)
    return " ".join(token.split()) if speakable else ""


def _audible(token: str) -> Iterator[str]:
    for index, symbol in enumerate(token):
        category = unicodedata.category(symbol)
        if symbol in _JOINERS:
            if 0 < index < len(token) - 1 and token[index - 1 : index].isalpha():
                yield symbol
        elif symbol in _SPELLED or not category.startswith(_UNSPOKEN):
            yield "" if _ARROWS.match(symbol) or _SELECTORS.match(symbol) else symbol


def words_of(phrase: Phrase, events: tuple[WordSpoken, ...], end: int) -> list[WordAt]:
    """The tokens of a phrase that was said in `end` samples, in order and without gaps.

    A token without an event of its own (“the” of “of the”, which espeak-ng says as one word) shares
    the time of the one before it by the number of letters; one that is not said has no length.
    """
    starts = _starts(phrase, events)
    borders = [0, *(index for index, start in enumerate(starts) if start is not None), len(starts)]
    times: list[int] = []
    for index, following in pairwise(borders):
        begin = _at(starts, index, 0)
        until = max(begin, _at(starts, following, end))
        times += _shared(phrase.parts[index:following], begin, until)
    return _joined(phrase, [*times, max([end, *times])])


def _at(starts: list[int | None], index: int, otherwise: int) -> int:
    start = starts[index] if index < len(starts) else None
    return otherwise if start is None else start


def _starts(phrase: Phrase, events: tuple[WordSpoken, ...]) -> list[int | None]:
    """Sample of the first event of each part, None where there is none; never going back."""
    offsets, length = [], 0
    for part in phrase.parts:
        offsets.append(length)
        length += len(part.spoken) + 1
    starts: list[int | None] = [None] * len(offsets)
    latest = -1
    for event in events:
        index = bisect_right(offsets, max(event.position, 0)) - 1
        while not phrase.parts[index].spoken and index > 0:
            index -= 1
        if index > latest and phrase.parts[index].spoken:
            starts[index], latest = event.sample, index
    return starts


def _shared(parts: tuple[Part, ...], start: int, end: int) -> list[int]:
    """The starts of parts that share the samples from `start` to `end`."""
    total = sum(len(part.spoken) for part in parts) or 1
    said, times = 0, []
    for part in parts:
        times.append(start + (end - start) * said // total)
        said += len(part.spoken)
    return times


def _joined(phrase: Phrase, times: list[int]) -> list[WordAt]:
    """Words from parts: a word lasts until the next one starts, through all its parts here."""
    first = [index for index, part in enumerate(phrase.parts) if part.token]
    ends = [*first, len(phrase.parts)][1:]
    return [
        WordAt(phrase.parts[index].token, times[index], times[end])
        for index, end in zip(first, ends, strict=True)
    ]
