"""Interprets an utterance in the context of the last exchange."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from avatar_app.engines.dialogue.builtin.asking import Past
from avatar_app.engines.dialogue.builtin.matching import Match, Matcher
from avatar_app.engines.dialogue.builtin.theme import ACTION, LISTEN, TALK, Intent, Themes
from avatar_app.engines.dialogue.builtin.words import Word, as_written, split

ENOUGH = {ACTION: 0.74, TALK: 0.66, LISTEN: 0.8}
"""Scores from which an intent is accepted."""
PERHAPS = 0.64
"""Score from which the avatar asks whether an action was meant."""
AT_ONCE = 0.9
"""Score from which a continuation of the last exchange is preferred to everything else."""
SURE = 0.86
"""Score from which an action interrupts an open question."""
CERTAIN, IN_WORDS = 0.97, 3
"""Score and length from which any other intent does; from that score no shorter reading is looked
for."""
LONGEST = 24
"""Maximum words of a command; longer text is dictation or talk."""

UNKNOWN, ANSWER, PERHAPS_MEANT = "unknown", "answer", "perhaps"
"""Meanings without patterns: no match; the answer to an open question; possibly an action."""

_LEADING = (
    "um", "uh", "er", "oh", "ah", "hey", "well", "okay", "please", "hmm",
    "all right", "could you", "can you please", "can you", "would you", "will you",
    "i want you to", "i would like you to", "i need you to", "would you please",
    "could you please", "do you think you could", "go ahead and", "actually",
    "i was wondering", "i was wondering if you could", "i wonder", "i want to know",
    "i would like to know",
)  # fmt: skip
_OPENINGS = (
    "hello", "hi", "hi there", "hello there", "hey there", "greetings", "good morning",
    "good afternoon", "good evening", "good day", "excuse me", "sorry", "thanks", "thanks a lot",
    "thank you", "thank you very much", "thank you so much", "great", "good", "fine", "perfect",
    "nice", "cool", "yes", "yeah", "yep", "sure", "so", "and", "listen", "my friend",
    "how are you", "how are you today", "how are you doing", "hear me", "are you there",
)  # fmt: skip
"""What may come before what is wanted, and is what is wanted where it stands alone."""
_TRAILING = ("please", "for me", "now", "thanks", "thank you", "then", "okay", "right now", "huh")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an utterance means."""

    intent: str
    slots: Mapping[str, Any] = field(default_factory=dict)
    score: float = 0.0


class Understanding:
    """Interprets one utterance after another; keeps no state between them."""

    def __init__(self, themes: Themes) -> None:
        self._intents = themes.intents
        self._matcher = Matcher(
            pattern for intent in themes.intents.values() for pattern in intent.patterns
        )

    def meaning(self, text: str, past: Past, name: str = "") -> Meaning:
        """Return the most likely meaning; UNKNOWN where nothing is likely. `name`: of whom is
        spoken to."""
        words = without_fillers(split(text))
        match = self._match(_shortened(words), past)
        if match is None or not self._enough(match):
            match = (
                self._match(_shortened(split(text)), past) or match
            )  # "hey there" is not a filler
        match = self._without_opening(words, past, name.lower(), match)
        if past.carry.answer is not None and not self._breaks_off(match, len(words)):
            return Meaning(ANSWER, {**past.carry.values, "text": as_written(words)})
        if match is None:
            return Meaning(UNKNOWN)
        if self._enough(match):
            return Meaning(match.intent, match.slots, match.score)
        if self._intents[match.intent].title and match.score >= PERHAPS and len(words) > 1:
            return Meaning(PERHAPS_MEANT, {"match": match}, match.score)
        return Meaning(UNKNOWN)

    def title(self, intent: str) -> str:
        """Describe the action."""
        return self._intents[intent].title

    def _match(self, words: Sequence[Word], past: Past) -> Match | None:
        """Return the best match: continuations of the last exchange first, listening last."""
        possible = [intent for intent in self._intents.values() if _possible(intent, past)]
        continuing = {intent.name for intent in possible if _continues(intent, past)}
        doing = {intent.name for intent in possible if intent.sort != LISTEN}
        listening = {intent.name for intent in possible if intent.sort == LISTEN}
        if not words:
            return None
        comparison = self._matcher.compare(words)
        best = None
        for tier in (continuing, doing, listening):
            match = comparison.best(tier) if tier else None
            if match is not None and self._enough(match, AT_ONCE if tier is continuing else 0.0):
                return match
            best = max((best, match), key=lambda found: found.score if found else 0.0)
        return best

    def _without_opening(
        self, words: tuple[Word, ...], past: Past, name: str, whole: Match | None
    ) -> Match | None:
        """Return the match of what comes after “Hello Mira, how are you?” where it is a better one
        than that of the whole."""
        best = whole
        for rest in reversed([*without_openings(words, name)]):  # what is wanted comes last
            if best is not None and best.score >= CERTAIN:
                break
            match = self._match(_shortened(rest), past)
            if match is not None and self._enough(match):
                best = match if best is None or match.score > best.score else best
        return best

    def _enough(self, match: Match, least: float = 0.0) -> bool:
        return match.score >= max(ENOUGH[self._intents[match.intent].sort], least)

    def _breaks_off(self, match: Match | None, length: int) -> bool:
        """Whether the user leaves an open question for something else."""
        if match is None or not self._enough(match):
            return False
        intent = self._intents[match.intent]
        if intent.urgent:
            return True
        if intent.sort == ACTION:
            return match.score >= SURE
        talks = intent.sort == TALK and not intent.answers
        return talks and match.score >= CERTAIN and length >= IN_WORDS


def _continues(intent: Intent, past: Past) -> bool:
    """Whether a context-dependent intent applies now."""
    return (bool(intent.after) or intent.name in ("yes", "no")) and _possible(intent, past)


def _possible(intent: Intent, past: Past) -> bool:
    if intent.name in ("yes", "no"):
        return past.carry.yes is not None or past.carry.no is not None
    return not intent.after or (past.carry.topic or past.intent) in intent.after


def _shortened(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return the words, with the end of a long speech merged, as only free text has room for it."""
    if len(words) <= LONGEST:
        return words
    return (*words[:LONGEST], Word("…", as_written(words[LONGEST:])))


def without_fillers(words: Sequence[Word]) -> tuple[Word, ...]:
    """Return the words without polite phrases and hesitations, unless nothing is left."""
    words = tuple(words)
    stripped = _stripped(words, _LEADING, leading=True)
    stripped = _stripped(stripped, _TRAILING, leading=False)
    return stripped or words


def without_openings(words: tuple[Word, ...], name: str) -> Iterator[tuple[Word, ...]]:
    """Yield what is left after one greeting, thanks or the `name`, then after the next, and so on,
    until nothing would be."""
    openings = (*_OPENINGS, name) if name else _OPENINGS
    while (rest := without_fillers(_without_one(words, openings))) != words:
        yield rest
        words = rest


def _stripped(
    words: tuple[Word, ...], phrases: Sequence[str], *, leading: bool
) -> tuple[Word, ...]:
    while (rest := _without_one(words, phrases, leading=leading)) != words:
        words = rest
    return words


def _without_one(
    words: tuple[Word, ...], phrases: Sequence[str], *, leading: bool = True
) -> tuple[Word, ...]:
    """Return the words without the longest of the phrases, unless nothing is left."""
    for phrase in sorted(phrases, key=len, reverse=True):
        parts = tuple(phrase.split())
        edge = words[: len(parts)] if leading else words[-len(parts) :]
        if len(words) > len(parts) and tuple(word.text for word in edge) == parts:
            return words[len(parts) :] if leading else words[: -len(parts)]
    return words
