"""Text without halves of characters, which no file, socket or engine takes.

Python's strings may hold surrogates (U+D800 to U+DFFF): JSON of a server that cuts an emoji in two,
names of files that are not UTF-8, and the text of some PDF files bring them. UTF-8 has no bytes for
them.
"""

from __future__ import annotations

from collections.abc import Iterator

_FIRST_HALVES = ("\ud800", "\udbff")


def whole_text(text: str) -> str:
    """Return `text` with pairs of surrogates joined, and others replaced by U+FFFD."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class TextPieces:
    """Streamed text: a character that comes in two pieces is passed on with the second."""

    def __init__(self) -> None:
        self._held = ""

    def add(self, piece: str) -> str:
        """Return what is whole of the text that came so far; each part is returned once."""
        text, self._held = self._held + piece, ""
        if text and _FIRST_HALVES[0] <= text[-1] <= _FIRST_HALVES[1]:
            text, self._held = text[:-1], text[-1]
        return whole_text(text)

    def rest(self) -> Iterator[str]:
        """Yield what is left at the end."""
        if self._held:
            yield whole_text(self._held)
