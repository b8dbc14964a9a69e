"""What a model hears: the user's words and the sounds of the last message, beside its text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from avatar_app.core.prompt import Message, Prompt, SoundPart
from avatar_app.engines.dialogue.prompting.content import text_only

WINDOW_TOKENS = 190
"""Of a model whose ear is Whisper's: each begun window of 30 s takes 187 (Voxtral in llama.cpp)."""
WINDOW_BYTES = 480_000
"""The fewest of a window: MP3 with 128 kbit/s; a WAV file counts twice, which leaves room."""


def as_heard(prompt: Prompt) -> Prompt:
    """Return the prompt in which the user's last words are a sound in place of a text."""
    last = prompt.messages[-1]
    if last.spoken is None:
        return prompt
    heard = replace(last, content=(last.spoken, *last.parts[1:]), spoken=None)
    return replace(prompt, messages=(*prompt.messages[:-1], heard))


def with_markers(message: Message, marker: str) -> str:
    """Return a message's text after a marker for each sound: first the sounds, as Mistral's own
    examples have it."""
    rest = tuple(part for part in message.parts if not isinstance(part, SoundPart))
    return marker * len(sounds_of(message)) + text_only(replace(message, content=rest)).strip()


def sounds_of(message: Message) -> tuple[bytes, ...]:
    """Return the files of a message's sounds, in order."""
    return tuple(part.content for part in message.media if isinstance(part, SoundPart))


def tokens_of(sounds: Iterable[bytes]) -> int:
    """Return about how many tokens sounds take, rather too many."""
    return sum(-(-len(sound) // WINDOW_BYTES) * WINDOW_TOKENS for sound in sounds)
