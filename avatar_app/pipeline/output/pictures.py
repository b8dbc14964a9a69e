"""Pictures in a conversation: only the newest stays in the prompt, as each is encoded again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from avatar_app.core.prompt import Message, PicturePart, TextPart

FORMER = TextPart("(A picture was shown here.)")


def without_pictures(message: Message) -> Message:
    """Return a message in which a remark stands for each picture."""
    if not any(isinstance(part, PicturePart) for part in message.media):
        return message
    parts = (FORMER if isinstance(part, PicturePart) else part for part in message.parts)
    return replace(message, content=tuple(parts))


def newest_picture_only(messages: Sequence[Message]) -> list[Message]:
    """Return the messages with the pictures of the last one that has any."""
    shown = [at for at, message in enumerate(messages) if without_pictures(message) is not message]
    newest = shown[-1] if shown else -1
    return [
        message if at == newest else without_pictures(message)
        for at, message in enumerate(messages)
    ]
