"""Words that do not end a sentence: a speaker who pauses after one usually goes on."""

# fmt: off
UNFINISHED = frozenset({
    "a", "an", "the", "and", "or", "but", "so", "because", "if", "when", "while", "that",
    "which", "who", "to", "of", "in", "on", "at", "for", "with", "from", "by", "about", "as",
    "is", "are", "was", "were", "my", "your", "his", "her", "our", "their", "um", "uh", "er",
    "erm", "like", "than", "then", "i",
})
# fmt: on
"""Words that do not end a sentence: after them the user gets more time, and no clause ends."""
