"""The items of a realtime conversation: what clients created, and what was said."""

from __future__ import annotations

import json
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.prompt import Role

MOST_ITEMS = 2_000
MOST_CHARACTERS = 16 << 20
"""Of all items that are remembered, as JSON; pictures are most of it."""
LONGEST_TEXT = 32_000
Item = dict[str, Any]


class RealtimeItems:
    """The latest items by their identity, in their order."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._lengths: dict[str, int] = {}
        self._characters = 0

    @property
    def last(self) -> str | None:
        """Return the identity of the latest item."""
        return next(reversed(self._items), None)

    def add(self, item: Item) -> None:
        """Add an item, or replace the one of its identity."""
        identity = item["id"]
        self._characters -= self._lengths.pop(identity, 0)
        self._items[identity] = item
        self._lengths[identity] = len(json.dumps(item))
        self._characters += self._lengths[identity]
        while len(self._items) > MOST_ITEMS or self._characters > MOST_CHARACTERS:
            self._forget(next(iter(self._items)))

    def find(self, identity: object) -> Item:
        """Return an item; raises InputInvalid for one that does not exist."""
        item = self._items.get(identity) if isinstance(identity, str) else None
        if item is None:
            raise InputInvalid(f"There is no item {str(identity)[:60]!r}.", "Name an item.")
        return item

    def remove(self, identity: object) -> Item:
        """Remove an item and return it; raises InputInvalid."""
        item = self.find(identity)
        self._forget(item["id"])
        return item

    def _forget(self, identity: str) -> None:
        del self._items[identity]
        self._characters -= self._lengths.pop(identity)


def user_item(identity: str, transcript: str, *, typed: bool = False) -> Item:
    """Return what the user said or typed as an item."""
    content = {"type": "input_text", "text": transcript}
    if not typed:
        content = {"type": "input_audio", "transcript": transcript}
    return {
        "id": identity, "object": "realtime.item", "type": "message", "status": "completed",
        "role": Role.USER.value, "content": [content],
    }  # fmt: skip


def text_of(item: Item) -> str:
    """Return the words of a message that a client created. Raises InputInvalid."""
    parts = parts_of_message(item)
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    text = "\n".join(texts)
    if len(text) > LONGEST_TEXT:
        raise InputInvalid(f"A message has more than {LONGEST_TEXT} characters.", "Shorten it.")
    return text


def parts_of_message(item: Item) -> list[dict[str, Any]]:
    """Return the content of a message. Raises InputInvalid where it has none."""
    content = item.get("content")
    if not isinstance(content, list) or not content:
        raise InputInvalid("A message has no content.", "Send content: [{…}].")
    if not all(isinstance(part, dict) for part in content):
        raise InputInvalid("The content of a message is no list of parts.", "Send objects.")
    return content
