"""Detects hallucinated and repetitive transcripts."""

from __future__ import annotations

import re
import zlib
from difflib import SequenceMatcher

NO_SPEECH = 0.6
"""Probability of silence from which a text of low probability is dropped."""
UNSURE = -1.0
"""Mean log-probability of a text's tokens below which it is unreliable."""
REPEATING = 2.4
"""Compression ratio from which a text is repetitive."""
LONGEST_LOOP = 8
"""Maximum words of a repeated phrase."""
LEAST_TWICE = 2
"""Minimum words of a doubtful repetition at the end."""
LEAST_ECHO = 4
"""Minimum words of an echo: people do say fewer words again."""
LEAST_RESTART = 6
"""Minimum words of a text that begins once more: fewer are repeated in real speech, too."""
_MARKS = re.compile(r"[^\w]+")


def compression(text: str) -> float:
    """Return the compression ratio of the text."""
    written = text.encode()
    return len(written) / len(zlib.compress(written))


def repeats(text: str) -> bool:
    """Whether words are repeated more often than in real speech, or all begins once more."""
    words = text.split()
    return _loop_in(words) is not None or _restart_in(words) is not None


def ends_twice(text: str) -> bool:
    """Whether the text ends with words that stand right before them as well. People sometimes say
    that; a decoder says it of a sound that is over, and not again with more silence behind it."""
    plain = _plain(text.split())
    lengths = range(LEAST_TWICE, len(plain) // 2 + 1)
    return any(plain[-length:] == plain[-2 * length : -length] for length in lengths)


def echoes(text: str, prompt: str) -> bool:
    """Whether some words of the text stand in the prompt as well, in their order: of breath or
    noise after a sentence, a decoder repeats what it was given as said before."""
    spoken, before = _plain(text.split()), _plain(prompt.split())
    matcher = SequenceMatcher(None, before, spoken, autojunk=False)
    return matcher.find_longest_match().size >= LEAST_ECHO


def until_repetition(words: list[str]) -> list[str]:
    """Return the words up to the first repetition of a loop, or up to where all begins once more;
    all, without either."""
    loop = _loop_in(words)
    accepted = words if loop is None else words[: sum(loop)]
    return accepted[: _restart_in(accepted)]


def _loop_in(words: list[str]) -> tuple[int, int] | None:
    """Return where the first loop begins and how many words it has; None without one."""
    plain = _plain(words)
    for start in range(len(plain)):
        for length in range(1, LONGEST_LOOP + 1):
            first, rounds = plain[start : start + length], _suspicious(length)
            if plain[start : start + length * rounds] == first * rounds:
                return start, length
    return None


def _restart_in(words: list[str]) -> int | None:
    """Return where words begin that stand earlier as well, and go on so to the end: a decoder that
    has finished a sentence may say it once more, until the sound is over."""
    plain = _plain(words)
    for start in range(1, len(plain) - LEAST_RESTART + 1):
        tail = plain[start:]
        earlier = (at for at in range(start) if plain[at] == tail[0])
        if any(plain[at : at + len(tail)] == tail for at in earlier):
            return start
    return None


def _plain(words: list[str]) -> list[str]:
    return [_MARKS.sub("", word).casefold() for word in words]


def _suspicious(length: int) -> int:
    """Return how many repetitions of so many words are implausible: "no no no" and "come on, come
    on, come on" are real speech."""
    return 4 if length <= 2 else 3
