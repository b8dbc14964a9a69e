"""Fits a conversation into the context: the oldest messages are shortened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.prompt import Role
from avatar_app.engines.dialogue.prompting.content import plain
from avatar_app.engines.dialogue.prompting.messages import with_system

STEP = 4
"""Exchanges that are shortened at once: the beginning then stays the same for some turns, and the
model, which must process everything after a change again, processes only what is new."""
REMEMBERED_WORDS = 12
"""Words that are kept of a shortened message."""
REMEMBERED = 12
"""Number of shortened messages; older ones are dropped."""
EARLIER = "Earlier in this conversation:"

Messages = list[dict[str, Any]]


def fit_messages(messages: Messages, length: Callable[[Messages], int], room: int) -> Messages:
    """Shorten a conversation from its beginning until its `length` (tokens) fits into `room`.

    The system's message and the last one always stay. Raises ConfigInvalid where these alone are
    too long.
    """
    if length(messages) <= room:
        return messages
    system = messages[:1] if messages[0]["role"] == Role.SYSTEM else []
    turns = messages[len(system) :]
    beginnings = [at for at in range(1, len(turns)) if turns[at]["role"] == Role.USER]
    for begin in (*beginnings[STEP - 1 :: STEP], *beginnings[-1:]):
        shorter = _summarize(system, turns[:begin], turns[begin:])
        if length(shorter) <= room:
            return shorter
    alone = [*system, turns[-1]]
    if (least := length(alone)) > room:
        raise ConfigInvalid(
            f"The message is too long for the model's context ({least} of {room} tokens).",
            "Choose a longer context, or say it in pieces.",
        )
    return alone


def _summarize(system: Messages, old: Messages, rest: Messages) -> Messages:
    lines = [
        f"- {message['role']}: {_short(text)}"
        for message in old[-REMEMBERED:]
        if (text := plain(message["content"]))
    ]
    return with_system([*system, *rest], "\n".join([EARLIER, *lines]))


def _short(text: str) -> str:
    words = text.split()
    return " ".join(words[:REMEMBERED_WORDS]) + (" …" if len(words) > REMEMBERED_WORDS else "")
