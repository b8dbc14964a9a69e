"""Prompts for dialogue engines: the conversation as it was heard, and the tools they may call."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """Who said a message."""

    SYSTEM = "system"
    USER = "user"
    AVATAR = "assistant"


@dataclass(frozen=True, slots=True)
class TextPart:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class PicturePart:
    """A picture shown with a message."""

    content: bytes = field(repr=False)
    """Of its file; engines encode it when they send it."""
    mime: str = "image/jpeg"


@dataclass(frozen=True, slots=True)
class SoundPart:
    """A sound played with a message."""

    content: bytes = field(repr=False)
    """Of its file; engines encode it when they send it."""
    mime: str = "audio/wav"


MediaPart = PicturePart | SoundPart
Part = TextPart | MediaPart


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that was said. An avatar's text holds only the words that were heard."""

    role: Role
    content: str | tuple[Part, ...]
    """Words, or words, pictures and sounds in their order."""
    interrupted: bool = False
    spoken: SoundPart | None = None
    """The first part of `content` as the user said it, for a dialogue engine that hears."""
    heard_seconds: float = field(default=0.0, compare=False)
    """Of the avatar's speech that were played, for a dialogue engine that speaks."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return its content as parts; plain words are one part."""
        return (TextPart(self.content),) if isinstance(self.content, str) else self.content

    @property
    def media(self) -> tuple[MediaPart, ...]:
        """Return its pictures and sounds."""
        return tuple(part for part in self.parts if not isinstance(part, TextPart))

    @property
    def text(self) -> str:
        """Return its words alone."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart))


def content_of(text: str, media: tuple[MediaPart, ...] = ()) -> str | tuple[Part, ...]:
    """Return the content of a message: words and, after them, pictures and sounds."""
    return (TextPart(text), *media) if media else text


@dataclass(frozen=True, slots=True)
class ToolDescription:
    """A function the dialogue may call."""

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON schema (draft 2020-12) of the arguments: an object."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything a dialogue engine needs for its reply; the last message is the user's."""

    messages: tuple[Message, ...]
    tools: tuple[ToolDescription, ...] = ()
    recalled: str = ""
    """What the user said long ago that may help with this answer; empty for nothing."""
    done: str = ""
    """What was done just now with the user's consent, and what it returned; empty for nothing."""

    @property
    def system(self) -> str:
        """Return the system prompt; empty where there is none."""
        first = self.messages[0]
        return first.text if first.role is Role.SYSTEM else ""

    @property
    def user_text(self) -> str:
        """Return the text to answer."""
        return self.messages[-1].text
