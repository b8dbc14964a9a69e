"""What a model writes, sorted out: words to be spoken, functions to be called, thoughts to keep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from avatar_app.core.values import ToolCall

THOUGHT = ("<think>", "</think>")
CALLS = {
    "<tool_call>": "</tool_call>",
    "<|python_tag|>": "<|eom_id|>",
    "[TOOL_CALLS]": "\n\n",
    "<function_call>": "</function_call>",
}
"""How models of several makers begin and end a call (Hermes and Qwen, Llama, Mistral)."""
LONGEST_CALL = 8000
"""Characters after which it is no call."""


def sorted_out(pieces: Iterator[str], may_call: bool) -> Iterator[str | ToolCall]:
    """Words as they come, and calls. What may yet become a mark is held back until it is known; an
    empty piece, the sign of a model that is still reading, is passed on."""
    held, begun = "", False
    marks = (THOUGHT[0], *CALLS) if may_call else (THOUGHT[0],)
    inside = ""
    for piece in pieces:
        if not piece:
            yield ""
        held += piece
        while held:
            if inside:
                held, inside, outputs = _within(held, inside)
                yield from outputs
                if inside:
                    break
                continue
            if may_call and not begun and _may_be_json(held):
                break
            at, mark = _first(held, marks)
            if mark:
                if before := held[:at]:
                    begun = begun or bool(before.strip())
                    yield before
                held, inside = held[at + len(mark) :], mark
                continue
            free = len(held) - _possible(held, marks)
            if not free:
                break
            ready, held = held[:free], held[free:]
            begun = begun or bool(ready.strip())
            yield ready
    yield from _rest(held, inside, begun, may_call)


def parsed(text: str) -> list[ToolCall]:
    """The calls that a JSON text holds; none where it is no call."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return []
    calls = [_call(each) for each in (document if isinstance(document, list) else [document])]
    return [call for call in calls if call is not None]


def _call(document: Any) -> ToolCall | None:
    if not isinstance(document, dict):
        return None
    inner = document.get("function")
    if isinstance(inner, dict):
        document = inner
    name = document.get("name")
    arguments = document.get("arguments", document.get("parameters", {}))
    if isinstance(arguments, str):
        arguments = next(iter(_objects(arguments)), None)
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return None
    return ToolCall(name, arguments)


def _objects(text: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        return []


def _within(held: str, mark: str) -> tuple[str, str, list[str | ToolCall]]:
    """What is left, the mark if it still holds, and what became of the text inside."""
    end = THOUGHT[1] if mark == THOUGHT[0] else CALLS[mark]
    at = held.find(end)
    if at >= 0:
        inner, rest = held[:at], held[at + len(end) :]
        return rest, "", [] if mark == THOUGHT[0] else list(parsed(inner))
    if mark == THOUGHT[0]:
        return held[-len(end) :], mark, []  # thoughts may be long; only a mark's beginning matters
    if len(held) > LONGEST_CALL:
        return "", "", []
    return held, mark, []


def _rest(held: str, inside: str, begun: bool, may_call: bool) -> Iterator[str | ToolCall]:
    """At the end of the answer nothing is held back any more."""
    if inside == THOUGHT[0] or not held:
        return
    if inside or (may_call and not begun and _may_be_json(held)):
        calls = parsed(held.strip().removeprefix("```json").removesuffix("```"))
        if calls or inside:
            yield from calls
            return
    yield held


def _may_be_json(text: str) -> bool:
    """An answer that begins like an object may be a call without any mark (Llama writes so)."""
    start = text.lstrip()
    fence = "```json"
    opening = not start or start[0] in "{[" or fence.startswith(start[: len(fence)])
    return opening and not start.startswith("[TOOL_CALLS]") and len(text) < LONGEST_CALL


def _first(text: str, marks: tuple[str, ...]) -> tuple[int, str]:
    found = [(at, mark) for mark in marks if (at := text.find(mark)) >= 0]
    return min(found) if found else (-1, "")


def _possible(text: str, marks: tuple[str, ...]) -> int:
    """Length of the text's end that may be a mark's beginning."""
    longest = max(len(mark) for mark in marks)
    return next(
        (
            size
            for size in range(min(longest, len(text)), 0, -1)
            if any(mark.startswith(text[-size:]) for mark in marks)
        ),
        0,
    )
