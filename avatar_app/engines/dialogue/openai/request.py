"""Builds requests for OpenAI-compatible servers, without parameters they have rejected before."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from avatar_app.engines.dialogue.prompting.content import MediaType
from avatar_app.engines.dialogue.prompting.content import without as content_without
from avatar_app.engines.dialogue.prompting.messages import without_system

Body = dict[str, Any]


class Refusal(StrEnum):
    """Features that servers or models may reject."""

    TOOLS = "tools"
    OLD_LENGTH = "max_tokens"
    TOP_P = "top_p"
    SAMPLING = "sampling"
    SYSTEM = "system"
    PICTURES = "pictures"
    SOUNDS = "sounds"


MEDIA = frozenset({Refusal.PICTURES, Refusal.SOUNDS})
"""Message parts that many models do not support."""


def _renamed(body: Body) -> Body:
    return _without(body, "max_tokens") | {"max_completion_tokens": body["max_tokens"]}


_WITHOUT: dict[Refusal, Callable[[Body], Body]] = {
    Refusal.TOOLS: lambda body: _without(body, "tools"),
    Refusal.OLD_LENGTH: _renamed,
    Refusal.TOP_P: lambda body: _without(body, "top_p"),
    Refusal.SAMPLING: lambda body: _without(body, "temperature", "top_p"),
    Refusal.SYSTEM: lambda body: body | {"messages": without_system(body["messages"])},
    Refusal.PICTURES: lambda body: _without_parts(body, MediaType.PICTURE),
    Refusal.SOUNDS: lambda body: _without_parts(body, MediaType.SOUND),
}
_SAID = (
    (Refusal.OLD_LENGTH, re.compile(r"max_tokens")),
    (Refusal.TOP_P, re.compile(r"temperature.*top_p.*both|both.*temperature.*top_p")),
    (Refusal.SAMPLING, re.compile(r"temperature|top_p")),
    (Refusal.SYSTEM, re.compile(r"developer instruction|system (?:role|message|prompt|instr)")),
    (Refusal.SYSTEM, re.compile(r"role.{0,20}system|roles must alternate|system.{0,20}not supp")),
    (Refusal.PICTURES, re.compile(r"image|vision|multi-?modal|mmproj|content.{0,40}string")),
    (Refusal.SOUNDS, re.compile(r"audio|multi-?modal|mmproj|content.{0,40}string")),
    (Refusal.TOOLS, re.compile(r"tool|function[ _]call")),
)
"""Patterns of their error messages."""
_UNSUPPORTED = re.compile(r"not supp|unsupp|requires|not enabled|must alternate")


def without(body: Body, refused: frozenset[Refusal]) -> Body:
    """Return the request without the rejected features."""
    for each in sorted(refused):
        body = _WITHOUT[each](body)
    return body


def refusal(message: str, body: Body, refused: frozenset[Refusal]) -> Refusal | None:
    """Return the feature that an error rejects; None where it is about something else."""
    said = message.lower()
    for each, words in _SAID:
        if each not in refused and words.search(said) and _holds(body, each):
            return each
    return None


def is_unsupported(message: str) -> bool:
    """Whether the message of an internal error is about a feature that the server lacks."""
    return bool(_UNSUPPORTED.search(message.lower()))


def _holds(body: Body, refusal: Refusal) -> bool:
    if refusal is Refusal.OLD_LENGTH:
        return "max_tokens" in body
    return _WITHOUT[refusal](body) != body


def _without(body: Body, *names: str) -> Body:
    return {name: value for name, value in body.items() if name not in names}


def _without_parts(body: Body, type: MediaType) -> Body:
    messages = [
        message | {"content": content_without(message["content"], type)}
        for message in body["messages"]
    ]
    return body | {"messages": messages}
