"""The words of the latest turns with their times, in case a listener heard less than was played."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from avatar_app.core.values import Word

MOST_TURNS = 8


def words_until(words: Sequence[Word], seconds: float) -> str:
    """Return the words that are heard, by more than half, after `seconds` of speech."""
    return " ".join(word.text for word in words if (word.start + word.end) / 2 < seconds)


class PastSpeech:
    """Remembers the words of the last MOST_TURNS turns. For one thread at a time."""

    def __init__(self) -> None:
        self._words: OrderedDict[int, tuple[Word, ...]] = OrderedDict()

    def add(self, turn_id: int, words: Sequence[Word]) -> None:
        """Remember the words of a turn."""
        self._words[turn_id] = tuple(words)
        while len(self._words) > MOST_TURNS:
            self._words.popitem(last=False)

    def heard_until(self, turn_id: int, seconds: float) -> str | None:
        """Return what is heard of a turn after `seconds` of its speech; None for one that is not
        remembered."""
        words = self._words.get(turn_id)
        return None if words is None else words_until(words, seconds)
