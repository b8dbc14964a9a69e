"""Decides what an utterance means, in the light of the last exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from avatar_app.engines.dialogue.embedded.asking import Past
from avatar_app.engines.dialogue.embedded.matching import Match, Matcher
from avatar_app.engines.dialogue.embedded.theme import ACTION, LISTEN, TALK, Intent, Themes
from avatar_app.engines.dialogue.embedded.words import Word, as_written, split

ENOUGH = {ACTION: 0.74, TALK: 0.7, LISTEN: 0.8}
"""Scores from which an intent is taken to be meant."""
PERHAPS = 0.64
"""Score from which it is worth asking whether an action was meant."""
SURE = 0.86
"""Score from which an action interrupts a question that is open."""

UNKNOWN, ANSWER, PERHAPS_MEANT = "unknown", "answer", "perhaps"
"""Meanings that have no patterns: nothing fits; the answer to an open question; maybe an action."""

_LEADING = (
    *("um", "uh", "er", "oh", "ah", "hey", "well", "so", "okay", "please", "now", "then", "hmm"),
    *("all right", "could you", "can you please", "can you", "would you", "will you", "please"),
    *("i want you to", "i would like you to", "i need you to", "would you please", "and", "but"),
    *("could you please", "do you think you could", "go ahead and", "actually", "the", "just"),
)
_TRAILING = ("please", "for me", "now", "thanks", "thank you", "then", "okay", "right now", "huh")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an utterance means."""

    intent: str
    slots: Mapping[str, Any] = field(default_factory=dict)
    score: float = 0.0


class Understanding:
    """Understands one utterance after another; keeps nothing between them."""

    def __init__(self, themes: Themes) -> None:
        self._intents = themes.intents
        self._matcher = Matcher(
            pattern for intent in themes.intents.values() for pattern in intent.patterns
        )

    def meaning(self, text: str, past: Past) -> Meaning:
        """The likeliest meaning; UNKNOWN where nothing is likely."""
        words = without_fillers(split(text))
        allowed = [name for name, intent in self._intents.items() if _possible(intent, past)]
        match = self._best(self._matcher.matches(words, allowed))
        if past.carry.answer is not None and not self._breaks_off(match):
            return Meaning(ANSWER, {**past.carry.values, "text": as_written(words)})
        if match is None:
            return Meaning(UNKNOWN)
        if match.score >= ENOUGH[self._intents[match.intent].sort]:
            return Meaning(match.intent, match.slots, match.score)
        if self._intents[match.intent].title and match.score >= PERHAPS and len(words) > 1:
            return Meaning(PERHAPS_MEANT, {"match": match}, match.score)
        return Meaning(UNKNOWN)

    def title(self, intent: str) -> str:
        """What the avatar would do."""
        return self._intents[intent].title

    def _best(self, matches: Sequence[Match]) -> Match | None:
        """The highest score; listening only where nothing else is enough."""
        enough = [match for match in matches if match.score >= ENOUGH[self._sort(match)]]
        talking = [match for match in enough if self._sort(match) != LISTEN]
        return max(talking or enough or matches, key=lambda match: match.score, default=None)

    def _sort(self, match: Match) -> str:
        return self._intents[match.intent].sort

    def _breaks_off(self, match: Match | None) -> bool:
        """Whether the user leaves an open question for something else."""
        return match is not None and match.score >= SURE and self._sort(match) == ACTION


def _possible(intent: Intent, past: Past) -> bool:
    if intent.name in ("yes", "no"):
        return past.carry.yes is not None or past.carry.no is not None
    return not intent.after or (past.carry.topic or past.intent) in intent.after


def without_fillers(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words without what politeness and hesitation put around them, unless nothing is left."""
    words = tuple(words)
    stripped = _stripped(words, _LEADING, leading=True)
    stripped = _stripped(stripped, _TRAILING, leading=False)
    return stripped or words


def _stripped(words: tuple[Word, ...], phrases: Sequence[str], leading: bool) -> tuple[Word, ...]:
    for phrase in sorted(phrases, key=len, reverse=True):
        parts = tuple(phrase.split())
        edge = words[: len(parts)] if leading else words[-len(parts) :]
        if len(words) > len(parts) and tuple(word.text for word in edge) == parts:
            rest = words[len(parts) :] if leading else words[: -len(parts)]
            return _stripped(rest, phrases, leading)
    return words
