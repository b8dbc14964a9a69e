"""The title of a conversation that the user did not name: the first sentence they said."""

from __future__ import annotations

import re

LONGEST_TITLE = 120
"""Characters of a title that the user gives."""
_LONGEST_SENTENCE = 60
_END = re.compile(r"(?<=[.!?…。！？])\s+")


def title_from(text: str) -> str:
    """The first sentence of `text`, without its full stop; cut at a word where it is long."""
    sentence = _END.split(" ".join(text.split()), maxsplit=1)[0].rstrip(".。")
    if len(sentence) > _LONGEST_SENTENCE:
        cut = sentence.rfind(" ", 0, _LONGEST_SENTENCE)
        sentence = sentence[: cut if cut > 0 else _LONGEST_SENTENCE].rstrip(",;:–- ") + "…"
    return sentence[:1].upper() + sentence[1:]
