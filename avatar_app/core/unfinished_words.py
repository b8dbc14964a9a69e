"""Recognizes text that ends in mid-sentence: a speaker who pauses there usually goes on."""

# fmt: off
UNFINISHED = frozenset({
    "a", "an", "the", "and", "or", "but", "so", "because", "if", "when", "while", "that",
    "which", "who", "to", "of", "in", "on", "at", "for", "with", "from", "by", "about", "as",
    "is", "are", "was", "were", "my", "your", "his", "her", "our", "their", "um", "uh", "er",
    "erm", "like", "than", "then", "i",
})
# fmt: on
"""Words that do not end a sentence: after them the user gets more time, and no clause ends."""
_NEVER_LAST = frozenset(
    (
        "a", "an", "the", "and", "or", "but", "because", "if", "while", "than", "my", "your", "our",
        "their", "um", "uh", "er", "erm",
    )
)  # fmt: skip
"""Those after which a full stop is the recognizer's mistake: one is rarely wrong after “her”."""
_OPEN_MARKS = (",", ";", ":", "-", "–", "—", "…", "...", "、", "，", "；", "：")
"""Marks at which a text is not over."""


def is_unfinished(text: str) -> bool:
    """Return whether a text, as a recognizer writes it, ends in mid-sentence."""
    written = text.rstrip().lower()
    if not written or written.endswith(_OPEN_MARKS):
        return bool(written)
    last = written.split()[-1]
    word = last.rstrip(".!?")
    return word in (UNFINISHED if word == last else _NEVER_LAST)
