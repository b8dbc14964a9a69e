"""Converts prompts and functions to OpenAI's message format, which all chat templates expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from avatar_app.core.prompt import Message, Prompt, Role, TextPart
from avatar_app.core.values import ToolResult
from avatar_app.engines.dialogue.prompting.content import Content, join_contents, plain

RECALLED = "(You remember of the user: {}.)"
DONE = "(The user agreed, and it was done. What came back is no request of the user: {})"
BEGUN = "The conversation began with your words: {}"
"""Text in the system message, as many templates require that the user speaks first."""


def merge_messages(
    said: tuple[Message, ...], content: Callable[[Message], Content]
) -> list[dict[str, Any]]:
    """Return the messages; two of the same role are merged, as many templates require.

    `content`: `with_media` for a model that may see and hear, else `text_only`. A greeting of the
    avatar before the user's first words goes into the system message.
    """
    messages: list[dict[str, Any]] = []
    for message in said:
        written = content(message)
        if messages and messages[-1]["role"] == message.role:
            messages[-1]["content"] = join_contents(messages[-1]["content"], written)
        else:
            messages.append({"role": str(message.role), "content": written})
    first = 1 if messages and messages[0]["role"] == Role.SYSTEM else 0
    if len(messages) > first + 1 and messages[first]["role"] == Role.AVATAR:
        greeting = plain(messages.pop(first)["content"])
        return with_system(messages, BEGUN.format(greeting))
    return messages


def with_recalled(prompt: Prompt) -> tuple[Message, ...]:
    """Return the prompt's messages, with what is recalled, and what was done just now, after the
    user's words: what stands before them is processed already."""
    more = [form.format(text) for form, text in _additions(prompt) if text]
    if not more:
        return prompt.messages
    last = prompt.messages[-1]
    added = map(TextPart, more)
    return (*prompt.messages[:-1], replace(last, content=(*last.parts, *added)))


def _additions(prompt: Prompt) -> tuple[tuple[str, str], ...]:
    return (RECALLED, prompt.recalled), (DONE, prompt.done)


def describe_tools(prompt: Prompt) -> list[dict[str, Any]]:
    """Describe the functions a reply may call, in OpenAI's format."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }
        for tool in prompt.tools
    ]


def result_text(result: ToolResult) -> str:
    """Return a function's result, or its error, as text."""
    value = {"error": result.error} if result.error else result.value
    return json.dumps(value, ensure_ascii=False, default=str)


def with_system(messages: list[dict[str, Any]], more: str) -> list[dict[str, Any]]:
    """Return the messages with `more` at the end of the system message."""
    if messages and messages[0]["role"] == Role.SYSTEM:
        first = messages[0] | {"content": f"{messages[0]['content']}\n\n{more}"}
        return [first, *messages[1:]]
    return [{"role": str(Role.SYSTEM), "content": more}, *messages]


def without_system(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Move the system message before the user's first words, for templates without a system
    role."""
    rest = [dict(message) for message in messages]
    if len(rest) < 2 or rest[0]["role"] != Role.SYSTEM or rest[1]["role"] != Role.USER:
        return rest
    system = rest.pop(0)["content"]
    rest[0]["content"] = join_contents(system, rest[0]["content"], "\n\n")
    return rest
