"""Prompts for dialogue engines: the conversation as it was heard, and the tools they may call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """Who said a message."""

    SYSTEM = "system"
    USER = "user"
    AVATAR = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. An avatar's text holds only the words that were heard."""

    role: Role
    text: str
    interrupted: bool = False


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

    @property
    def system(self) -> str:
        """Return the system prompt; empty where there is none."""
        first = self.messages[0]
        return first.text if first.role is Role.SYSTEM else ""

    @property
    def user_text(self) -> str:
        """Return the text to answer."""
        return self.messages[-1].text
