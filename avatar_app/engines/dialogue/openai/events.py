"""Parse the server-sent events of language model servers: leniently, but within bounds.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html. Servers get it wrong in
many ways, and a single error costs the whole answer: what can be understood is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

LONGEST_LINE = 4_000_000
"""Bytes; a line that is longer is no event."""
MOST_LINES = 1000
"""Lines of one event."""
DONE = b"[DONE]"
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
_MARK = b"\xef\xbb\xbf"
"""The byte order mark, which some servers begin with."""
_FIELDS = (b"", b"data", b"event", b"id", b"retry")
"""What lines begin with, up to the colon; comments begin with it."""


def documents(pieces: Iterable[bytes], went_on: Callable[[], None]) -> Iterator[Any]:
    """Yield the JSON value of each event or, where a server sends no events, of each line.

    `went_on` is called with each line, also where it only keeps the connection open. Raises
    ValueError for anything else than JSON, and for endless lines and events.
    """
    begun: list[bytes] = []  # a value may take several lines
    understood, odd = 0, False
    for line in _lines(pieces):
        went_on()
        field, _, value = line.partition(b":")
        data = line if line[:1] == b"{" else value.strip() if field == b"data" else b""
        odd = odd or (field not in _FIELDS and not data)
        if data == DONE:
            return
        if data:
            begun.append(data)
            found, document = _parsed(b"\n".join(begun))
            if found:
                begun, understood = [], understood + 1
                yield document
        if begun and (len(begun) > MOST_LINES or not line):
            break
    if begun or (odd and not understood):
        raise ValueError("an event is no JSON")


def _parsed(text: bytes) -> tuple[bool, Any]:
    try:
        return True, json.loads(text.decode("utf-8", "replace"))
    except json.JSONDecodeError:
        return False, None


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held, first = b"", True
    for piece in pieces:
        held += piece
        if first and len(held) < len(_MARK):
            continue
        held, first = held.removeprefix(_MARK) if first else held, False
        *whole, held = _LINE_END.split(held)
        yield from whole
        if len(held) > LONGEST_LINE:
            raise ValueError("a line does not end")
    yield from _LINE_END.split(held.rstrip(b"\r"))
