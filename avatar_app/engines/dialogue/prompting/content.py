"""Message content in OpenAI's form: plain text, or parts of text, pictures and sounds."""

from __future__ import annotations

from base64 import b64encode
from enum import StrEnum
from typing import Any

from avatar_app.core.prompt import MediaPart, Message, PicturePart, SoundPart, TextPart

Content = str | list[dict[str, Any]]
CUT_SHORT = " —"
"""After an answer of which the user has heard no more."""
PICTURE_TOKENS = 1000
"""What a picture takes, about: each model counts in its own way, GPT-4o 765 tokens for 1024 × 1024
pixels (https://platform.openai.com/docs/guides/images-vision), others from 256 to 1300."""
SOUND_BYTES = 640
"""What a token of sound takes, about: a second of MP3 with 128 kbit/s is 25 tokens."""


class MediaType(StrEnum):
    """The parts of a message besides text, as OpenAI calls them."""

    PICTURE = "image_url"
    SOUND = "input_audio"


UNNOTICED = {
    MediaType.PICTURE: "(The user showed a picture, which you cannot see.)",
    MediaType.SOUND: "(The user played a sound, which you cannot hear.)",
}
"""Stands for what a model cannot take."""
_FORMATS = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/vnd.wave": "wav"}


def with_media(message: Message) -> Content:
    """A message for a model that may see and hear; a plain text where it holds nothing else.

    Pictures become data URLs (RFC 2397), sounds base64 with the name of their format
    (https://platform.openai.com/docs/api-reference/chat/create).
    """
    text = message.text + (CUT_SHORT if message.interrupted else "")
    if not message.media:
        return text
    parts = [_part(part) for part in message.parts if not _is_empty(part)]
    return parts + ([_text(CUT_SHORT)] if message.interrupted else [])


def text_only(message: Message) -> str:
    """A message for a model that only reads: a sentence stands for each picture and sound."""
    return plain(without(with_media(message), *MediaType))


def join_contents(one: Content, other: Content, between: str = "\n") -> Content:
    """Two contents as one."""
    if isinstance(one, str) and isinstance(other, str):
        return f"{one}{between}{other}"
    return _parts(one) + _parts(other)


def without(content: Content, *types: MediaType) -> Content:
    """The content in which a sentence stands for each part of these types; plain text if nothing
    but text is left."""
    if isinstance(content, str):
        return content
    parts = [_text(UNNOTICED[part["type"]]) if part["type"] in types else part for part in content]
    only_text = all(part["type"] == "text" for part in parts)
    return "\n".join(part["text"] for part in parts) if only_text else parts


def plain(content: Content) -> str:
    """The words of a content."""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def media_tokens(content: Content) -> int:
    """About how many tokens the pictures and sounds of a content take."""
    tokens = 0
    for part in content if isinstance(content, list) else ():
        if part["type"] == MediaType.PICTURE:
            tokens += PICTURE_TOKENS
        elif part["type"] == MediaType.SOUND:
            tokens += len(part["input_audio"]["data"]) * 3 // 4 // SOUND_BYTES
    return tokens


def _parts(content: Content) -> list[dict[str, Any]]:
    return [_text(content)] if isinstance(content, str) else content


def _part(part: TextPart | MediaPart) -> dict[str, Any]:
    match part:
        case TextPart(text):
            return _text(text)
        case PicturePart(picture, mime):
            url = f"data:{mime};base64,{_base64(picture)}"
            return {"type": str(MediaType.PICTURE), "image_url": {"url": url}}
        case SoundPart(sound, mime):
            form = _FORMATS.get(mime, mime.rpartition("/")[2])
            encoded = {"data": _base64(sound), "format": form}
            return {"type": str(MediaType.SOUND), "input_audio": encoded}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _is_empty(part: TextPart | MediaPart) -> bool:
    return isinstance(part, TextPart) and not part.text


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")
