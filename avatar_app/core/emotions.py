"""Sounds of emotion that a text may ask for: <laugh>, <sigh>, …; they are no words.

A voice that makes them says so in its manifest. Every other voice, and whatever shows a text, gets
it without them.
"""

from __future__ import annotations

import re
from collections.abc import Container

EMOTIONS = ("laugh", "chuckle", "sigh", "cough", "sniffle", "groan", "yawn", "gasp")
EMOTION_TAG = re.compile(rf"<({'|'.join(EMOTIONS)})\s*/?>", re.IGNORECASE)
_TAG = EMOTION_TAG.pattern.replace("(", "(?:")
_BEFORE_MARKS = re.compile(rf"(?<=\S)[ \t]*((?:{_TAG}[ \t]*)+)([.,!?;:…]+)", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t]{2,}")


def after_marks(text: str) -> str:
    """Move tags behind the punctuation that follows them, as it belongs to the word before:
    “Ha <laugh>!” becomes “Ha! <laugh>”."""
    if "<" not in text:
        return text
    return _BEFORE_MARKS.sub(lambda found: f"{found[2]} {found[1].strip()}", text)


def without_emotions(text: str, kept: Container[str] = ()) -> str:
    """Return `text` without tags of emotions, except those `kept`."""
    if EMOTION_TAG.search(text) is None:
        return text
    moved = after_marks(text)
    bare = EMOTION_TAG.sub(lambda tag: tag[0] if tag[1].lower() in kept else "", moved)
    return _BLANKS.sub(" ", bare).strip()
