"""Messages and tools as OpenAI's clients send them, and as prompts of dialogue engines."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel

from avatar_app.core.errors import InputInvalid
from avatar_app.core.prompt import (
    Message,
    Part,
    PicturePart,
    Prompt,
    Role,
    SoundPart,
    TextPart,
    ToolDescription,
)

_ROLES = {"system": Role.SYSTEM, "developer": Role.SYSTEM, "assistant": Role.AVATAR}
CALLED = "(I call {name} with {arguments}.)"
RETURNED = "({name} returned: {content})"
"""How calls of functions and their results stand in a prompt, whose messages have no others."""


class ChatMessage(BaseModel):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[dict[str, Any]] | None = None
    tool_calls: list[dict[str, Any]] = []
    tool_call_id: str | None = None


class FunctionTool(BaseModel):
    """A function that the client offers."""

    type: Literal["function"]
    function: dict[str, Any]


def prompt_of(messages: Sequence[ChatMessage], tools: Sequence[FunctionTool]) -> Prompt:
    """Return the prompt. Raises InputInvalid where there is nothing to answer."""
    called: dict[str, str] = {}
    found: list[Message] = []
    for message in messages:
        for call in message.tool_calls:
            called[str(call.get("id"))] = str(call.get("function", {}).get("name"))
        found.append(_message(message, called))
    system = "\n\n".join(each.text for each in found if each.role is Role.SYSTEM)
    spoken = [each for each in found if each.role is not Role.SYSTEM]
    if not spoken or spoken[-1].role is not Role.USER:
        raise InputInvalid("There is nothing to answer.", "The last message must be the user's.")
    first = [Message(Role.SYSTEM, system)] if system else []
    return Prompt((*first, *spoken), tuple(map(_description, tools)))


def _description(tool: FunctionTool) -> ToolDescription:
    function = tool.function
    if not function.get("name"):
        raise InputInvalid("A function has no name.", "Name each function.")
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    return ToolDescription(
        str(function["name"]), str(function.get("description") or ""), parameters
    )


def _message(message: ChatMessage, called: dict[str, str]) -> Message:
    parts = _parts(message.content)
    if message.role == "tool":
        name = called.get(str(message.tool_call_id), "The function")
        text = "\n".join(part.text for part in parts if isinstance(part, TextPart))
        return Message(Role.USER, RETURNED.format(name=name, content=text))
    calls = [TextPart(CALLED.format(**_call(call))) for call in message.tool_calls]
    content = (*parts, *calls)
    role = _ROLES.get(message.role, Role.USER)
    if all(isinstance(part, TextPart) for part in content):
        return Message(role, "\n".join(part.text for part in content if isinstance(part, TextPart)))
    return Message(role, content)


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function", {})
    return {"name": function.get("name"), "arguments": function.get("arguments")}


def _parts(content: str | list[dict[str, Any]] | None) -> tuple[Part, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (TextPart(content),)
    return tuple(map(_part, content))


def _part(part: dict[str, Any]) -> Part:
    match part:
        case {"type": "text" | "input_text" | "output_text", "text": str(text)}:
            return TextPart(text)
        case {"type": "image_url", "image_url": {"url": str(address)}}:
            return picture_of(address)
        case {"type": "input_audio", "input_audio": {"data": str(data), **rest}}:
            return SoundPart(_decoded(data), f"audio/{rest.get('format', 'wav')}")
    kind = json.dumps(part.get("type"))
    raise InputInvalid(
        f"A message has a part of the kind {kind}.", "Send text, pictures or sounds."
    )


def picture_of(address: str) -> PicturePart:
    """Return a picture that is in the request; none is fetched from anywhere. Raises InputInvalid
    for another one."""
    head, separator, data = address.partition(";base64,")
    if not separator or not head.startswith("data:image/"):
        raise InputInvalid(
            "A picture is not part of the request.", "Send it as data:image/jpeg;base64,…"
        )
    return PicturePart(_decoded(data), head.removeprefix("data:"))


def _decoded(data: str) -> bytes:
    try:
        return b64decode(data, validate=True)
    except (NotBase64, ValueError) as error:
        raise InputInvalid("A picture or sound is not base64.", "Encode it again.") from error
