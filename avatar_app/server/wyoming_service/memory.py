"""What was said in conversations whose turns come over connections of their own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from avatar_app.core.prompt import Message, Role

CONVERSATION = "conversation_id"
"""Home Assistant's name, in the context of an event, of what tells conversations apart."""
LONGEST_ID = 100
MOST_MESSAGES = 20
"""Of a conversation, that are remembered."""
MOST_CONVERSATIONS = 200
FORGOTTEN_AFTER = 600.0
"""Seconds without a word."""


@dataclass(slots=True)
class _Talk:
    messages: tuple[Message, ...]
    at: float


class TalkMemory:
    """The last messages of the last conversations. For the server's thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: in seconds."""
        self._clock = clock
        self._talks: OrderedDict[tuple[str, str], _Talk] = OrderedDict()

    def recall(self, client: str, context: Mapping[str, Any] | None) -> tuple[Message, ...]:
        """Return what was said before in the conversation that an event belongs to."""
        self._forget()
        key = _key(client, context)
        talk = self._talks.get(key) if key is not None else None
        return talk.messages if talk is not None else ()

    def remember(
        self, client: str, context: Mapping[str, Any] | None, said: str, answer: str
    ) -> None:
        """Add a turn to its conversation; one without a name is not remembered."""
        key = _key(client, context)
        if key is None:
            return
        turn = Message(Role.USER, said), Message(Role.AVATAR, answer)
        messages = (*self.recall(client, context), *turn)[-MOST_MESSAGES:]
        self._talks[key] = _Talk(messages, self._clock())
        self._talks.move_to_end(key)
        while len(self._talks) > MOST_CONVERSATIONS:
            self._talks.popitem(last=False)

    def _forget(self) -> None:
        end = self._clock() - FORGOTTEN_AFTER
        while self._talks and next(iter(self._talks.values())).at < end:
            self._talks.popitem(last=False)


def _key(client: str, context: Mapping[str, Any] | None) -> tuple[str, str] | None:
    identity = (context or {}).get(CONVERSATION)
    if not isinstance(identity, str) or not 0 < len(identity) <= LONGEST_ID:
        return None
    return client, identity
