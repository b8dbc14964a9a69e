"""What a model sees and hears: the pictures of the prompt, and the sounds of the last message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from avatar_app.core.prompt import MediaPart, Message, PicturePart, Prompt
from avatar_app.engines.dialogue.prompting.content import text_only

WINDOW_BYTES = 480_000
"""The fewest of a window: MP3 with 128 kbit/s; a WAV file counts twice, which leaves room."""
PICTURE_TOKENS = 700
"""Of a picture of 512 pixels, rather too many: SmolVLM takes 64 for each of its tiles, Qwen2.5-VL
one for each 28 × 28 pixels."""


def as_heard(prompt: Prompt) -> Prompt:
    """Return the prompt in which the user's last words are a sound in place of a text."""
    last = prompt.messages[-1]
    if last.spoken is None:
        return prompt
    heard = replace(last, content=(last.spoken, *last.parts[1:]), spoken=None)
    return replace(prompt, messages=(*prompt.messages[:-1], heard))


def taken(message: Message, *, sees: bool, hears: bool) -> tuple[MediaPart, ...]:
    """Return the pictures and sounds of a message that a model takes, in order."""
    return tuple(part for part in message.media if (sees if _is_seen(part) else hears))


def with_markers(message: Message, parts: tuple[MediaPart, ...], marker: str) -> str:
    """Return a message's text after a marker for each of these parts, as Mistral's own examples
    have it."""
    rest = tuple(part for part in message.parts if part not in parts)
    return marker * len(parts) + text_only(replace(message, content=rest)).strip()


def tokens_of(parts: Iterable[MediaPart], window_tokens: int) -> int:
    """Return about how many tokens pictures and sounds take, rather too many. `window_tokens`: of
    each begun half minute of a sound, for a model whose ear is Whisper's."""
    return sum(
        PICTURE_TOKENS if _is_seen(part) else -(-len(part.content) // WINDOW_BYTES) * window_tokens
        for part in parts
    )


def _is_seen(part: MediaPart) -> bool:
    return isinstance(part, PicturePart)
