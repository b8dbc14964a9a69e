"""Reads events of Wyoming's protocol (rhasspy/wyoming): a line of JSON, more JSON, and sound.

The package's own reader takes any length that a client states; this one refuses too much.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from wyoming.event import Event

from avatar_app.core.errors import InputInvalid

LONGEST = 1 << 20
"""Bytes of one event's data, and of its sound."""
_NOT_UNDERSTOOD = ("The event is not understood.", "Use a client of the Wyoming protocol.")


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """Return the next event; None where the client has gone. Raises InputInvalid for what is none,
    after which nothing else can be read."""
    try:
        line = await reader.readline()
        if not line:
            return None
        header = _object(line)
        data, payload = _fields(header.get("data") or {}), None
        if length := _length(header, "data_length"):
            data = {**data, **_object(await reader.readexactly(length))}
        if length := _length(header, "payload_length"):
            payload = await reader.readexactly(length)
        return Event(str(header["type"]), data, payload)
    except asyncio.IncompleteReadError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputInvalid(*_NOT_UNDERSTOOD) from error


def _object(text: bytes) -> dict[str, Any]:
    value = _fields(json.loads(text))
    if b"\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()  # refuses halves of characters
    return value


def _fields(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputInvalid(*_NOT_UNDERSTOOD)
    return value


def _length(header: dict[str, Any], name: str) -> int:
    length = header.get(name) or 0
    if not isinstance(length, int) or not 0 <= length <= LONGEST:
        raise InputInvalid(f"An event may have {LONGEST >> 20} MB.", "Send less at a time.")
    return length
