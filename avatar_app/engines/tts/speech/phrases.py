"""Splits a text into phrases for a voice, without losing a displayed word.

Characters that a voice would spell out and a person would not (Markdown, emoji, the path of a web
address) are removed from the spoken form. Every whitespace-separated token of the text remains, if
necessary with an empty spoken form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from avatar_app.core.emotions import EMOTION_TAG, after_marks, without_emotions
from avatar_app.engines.tts.speech.languages import LANGUAGES


@dataclass(frozen=True, slots=True)
class Part:
    """A token of the text, or a part of a long one."""

    token: str
    """The token as written; empty for the later parts of a token."""
    spoken: str
    """The spoken form; empty if nothing is pronounced."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Text that is synthesized at once, up to a pause."""

    parts: tuple[Part, ...]
    pause: float
    """Seconds of silence after it at normal speed."""

    @property
    def spoken(self) -> str:
        return " ".join(part.spoken for part in self.parts)


_PAUSES = (
    (".!?…。！？｡।۔؟።", 0.28),
    (":;—–：；؛", 0.20),
    (",，、،၊", 0.12),
)
_SENTENCE_PAUSE = _PAUSES[0][1]
_PAUSE = {mark: seconds for marks, seconds in _PAUSES for mark in marks}
_NO_PAUSE = 0.04  # after a phrase that ends because it is long, and after the text's last word
_CLOSING = "\"'”’»›)]}*_`~」』）"
_OPENING = "\"'“‘«‹([{*_`~¿¡"
_TITLES = frozenset(
    (
        "dr", "mr", "mrs", "ms", "prof", "st", "mme", "mlle", "sr", "sra", "dra", "hr", "fr",
        "vs", "etc", "bzw", "ca",
    )
)  # fmt: skip
_BEFORE_NUMBERS = frozenset(("no", "nr", "nos", "art", "fig", "vol", "pp", "p", "abs", "kap"))
LONGEST_PHRASE = 160
"""Characters, about 10 s of speech: 15 ms of computation in espeak-ng."""
_FIRST_PIECE = 24
"""Characters of a first phrase for a voice that needs sentences: its sound starts early."""
_FIRST_WORDS = 3
"""Words of a shorter first phrase, if it ends at a punctuation mark."""
_BREATH_WORDS = 4
"""Words of a first phrase that ends without a punctuation mark, before one of _JOINING."""
_MOST_BREATH_WORDS = 6
"""Largest number of words of such a phrase: the first sound of a long sentence waits for no
more."""
_JOINING = frozenset(
    (
        "and", "but", "or", "because", "which", "that", "who", "when", "while", "where", "if",
        "so", "with", "about", "from", "for", "into", "before", "after", "than", "as",
        "und", "aber", "oder", "weil", "dass", "wenn", "mit", "für", "über", "nach", "vor",
        "et", "mais", "ou", "parce", "que", "qui", "quand", "avec", "pour",
        "y", "pero", "porque", "cuando", "con", "para",
        "ma", "perché", "che", "quando", "per", "e", "mas", "com",
    )
)  # fmt: skip
"""Words before which a speaker may take a breath."""
_LONGEST_PART = 60
"""Largest number of characters of a token without spaces (Chinese, Japanese, Thai) in one
phrase."""

_ADDRESS = re.compile(
    r"(?:(?:https?|ftp)://(?:www\.)?|\bwww\.)([^\s/?#:)\]>]+)[^\s)\]>]*", re.IGNORECASE
)
_PATH = re.compile(
    r"(?<![\w./\\])(?:(?:~|\.{1,2})?(?:/[\w.@+-]+)+/|[A-Za-z]:\\(?:[^\\\s]+\\)*)([\w.@+-]*\w)"
)
"""Path of a file, of which only the name is spoken."""
_LINK_TARGET = re.compile(r"\]\([^)]*\)")
_MARKUP = re.compile(r"[*_`~|•·▪◦]+(?=\W|_|$)|(?<!\w)[*_`~|•·▪◦]+|(?<!\w)#+(?!\w)|[*_`|[\]{}]+")
_MARKED_TIMES = re.compile(r"(?<=\d)\*(?=\d)")
_JOINERS = "\u200c\u200d"  # carry meaning between the letters of Persian and of Indian scripts
_SPELLED = frozenset("%&+=@$€£¥<>≤≥≈≠×÷±§^/\\#°©®™℃℉№")
_UNSPOKEN = ("C", "So", "Sk", "Me")  # categories of Unicode: control, emoji, accents alone, frames
_ARROWS = re.compile("[←-⇿]")
_SELECTORS = re.compile("[\ufe00-\ufe0f]")  # choose between text and emoji
_AFTER_SENTENCE = re.compile(r"(?<=[。！？｡、，；：])")


def phrases_of(
    text: str, longest: int = LONGEST_PHRASE, *, emotions: bool = False
) -> Iterator[Phrase]:
    """Split `text` at its punctuation, and where a phrase would exceed `longest` characters; the
    parts of all phrases contain each token once, in order. `emotions`: tags of emotions are spoken
    as they are, and belong to no token."""
    tokens = (after_marks(text) if emotions else text).split()
    parts: list[Part] = []
    pause = _NO_PAUSE
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        for part in _with_emotions(token) if emotions else _parts(token):
            if part.spoken and _is_full(parts, pause, longest - len(part.spoken)):
                yield Phrase(tuple(parts), pause)
                parts, pause = [], _NO_PAUSE
            parts.append(part)
        said = without_emotions(token) if emotions else token
        pause = max(pause, _pause_after(said, following))
    if parts:
        yield Phrase(tuple(parts), pause)


def _is_full(parts: list[Part], pause: float, room: int) -> bool:
    said = _length(parts)
    return said > 0 and (pause > _NO_PAUSE or said > room)


def _length(parts: Iterable[Part]) -> int:
    return sum(len(part.spoken) for part in parts)


def _pause_after(token: str, following: str) -> float:
    """Return the seconds of silence between a token and the next: more than _NO_PAUSE ends the
    phrase."""
    bare = token.rstrip(_CLOSING)
    seconds = _PAUSE.get(bare[-1:], _NO_PAUSE)
    if bare[-1:] == "." and following and _is_abbreviation(bare, following):
        return _NO_PAUSE
    return seconds


def _is_abbreviation(token: str, following: str) -> bool:
    """Return whether a period does not end the sentence: Dr. Who, e.g. this, J. Bach, No. 5."""
    stem = token[:-1].lstrip(_OPENING).lower()
    numbered = stem in _BEFORE_NUMBERS and following[0].isdigit()
    day = stem.isdecimal() and following.rstrip(".,").lower() in LANGUAGES["de"].months
    initial = len(stem) == 1 and stem.isalpha() and stem != "i"
    return stem in _TITLES or numbered or day or initial or "." in stem or following[0].islower()


def _parts(token: str) -> Iterator[Part]:
    spoken = clean(token)
    name = token
    for sentence in _AFTER_SENTENCE.split(spoken):
        for start in range(0, max(len(sentence), 1), _LONGEST_PART):
            if name or sentence:
                yield Part(name, sentence[start : start + _LONGEST_PART])
            name = ""


def _with_emotions(token: str) -> Iterator[Part]:
    """Yield the parts of a token, and each tag in it as a part without a token."""
    name = without_emotions(token)
    for index, piece in enumerate(EMOTION_TAG.split(token)):  # texts and names alternate
        if index % 2:
            yield Part("", f"<{piece.lower()}>")
            continue
        for part in _parts(piece):
            yield replace(part, token=name)
            name = ""


def clean(token: str) -> str:
    """Return the spoken form of a token: empty, or something that can be pronounced."""
    token = _ADDRESS.sub(r"\1", unicodedata.normalize("NFC", token))
    token = _PATH.sub(r"\1", token)
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


def gather_phrases(
    phrases: Iterable[Phrase], longest: int = LONGEST_PHRASE, *, begins: bool = True
) -> Iterator[Phrase]:
    """Merge phrases into whole sentences, for a voice whose intonation needs them; if the speech
    `begins`, with a short first phrase.

    Merged phrases keep their commas: the voice makes those pauses itself. A sentence has at most
    `longest` characters if no phrase has more.
    """
    parts: list[Part] = []
    first, pause = begins, _NO_PAUSE
    for phrase in _begun(phrases) if begins else phrases:
        if _length(parts) > 0 and _length(parts) + _length(phrase.parts) > longest:
            yield Phrase(tuple(parts), pause)
            parts = []
        parts += phrase.parts
        pause, said = phrase.pause, _length(parts)
        words = sum(bool(part.spoken) for part in parts)
        short = first and (said >= _FIRST_PIECE or words >= _FIRST_WORDS)
        enough = short or said >= longest
        if phrase.pause >= _SENTENCE_PAUSE or phrase.pause == _NO_PAUSE or enough:
            yield Phrase(tuple(parts), phrase.pause)
            parts, first = [], first and not said
    if parts:
        yield Phrase(tuple(parts), _NO_PAUSE)


def _begun(phrases: Iterable[Phrase]) -> Iterator[Phrase]:
    """Split the first phrase that can be pronounced in two if it is long."""
    begun = False
    for phrase in phrases:
        cut = 0 if begun else _breath_in(phrase.parts)
        if cut:
            yield Phrase(phrase.parts[:cut], _NO_PAUSE)
        yield Phrase(phrase.parts[cut:], phrase.pause)
        begun = begun or _length(phrase.parts) > 0


def _breath_in(parts: tuple[Part, ...]) -> int:
    """Return the index at which a long phrase is split so that its first words are heard early; 0
    for none."""
    for index in range(_BREATH_WORDS, len(parts) - _BREATH_WORDS + 1):
        if parts[index].spoken.lower() in _JOINING and _length(parts[:index]) >= _FIRST_PIECE // 2:
            return index
        if index >= _MOST_BREATH_WORDS:
            return index
    return 0
