"""Parses a model's output into words to be spoken and functions to be called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from avatar_app.core.errors import EngineFailed
from avatar_app.core.values import ToolCall
from avatar_app.engines.dialogue.prompting.endings import Ending
from avatar_app.engines.dialogue.prompting.thoughts import Thoughts

CALLS = {
    "<tool_call>": "</tool_call>",
    "<tool_calls>": "</tool_calls>",
    "<|python_tag|>": "<|eom_id|>",
    "[TOOL_CALLS]": "\n\n",
    "<function_call>": "</function_call>",
    "<function=": "</function>",
    "<｜tool▁calls▁begin｜>": "<｜tool▁calls▁end｜>",
    "<|tool_call|>": "<|/tool_call|>",
}
"""Marks around calls of several vendors (Hermes and Qwen, Llama, Mistral, DeepSeek)."""
BARE = ('{"name":', '{"name" :', '{ "name":', '{"function":')
"""The beginning of a call without a mark."""
LONGEST_CALL = 8000
"""Characters after which a text is not a call."""
_NAMED = re.compile(r"\s*([\w.-]+)\s*>\s*(\{.*)", re.DOTALL)


def answer(
    pieces: Iterator[str], *, may_call: bool, thoughts: Thoughts, ending: Ending
) -> Iterator[str | ToolCall]:
    """Yield the words and calls of a model's output, reading no further than the answer goes.

    Yields "" as well, for output that is not spoken.
    """
    for output in sorted_out(thoughts.without(pieces), may_call=may_call):
        if isinstance(output, ToolCall):
            yield ending.rest()
            yield output
            continue
        yield ending.taken(output)
        if ending.over:
            return
    yield ending.rest()


def empty_answer_error(*, thought: bool, cut: bool, longest: int) -> EngineFailed:
    """Return why an answer is empty. `cut`: it reached its length, `longest` tokens."""
    if cut:
        return EngineFailed(
            f"The language model used up its {longest} tokens"
            f"{' with thinking' if thought else ''} and said nothing.",
            "Raise the option longest, or choose a model that thinks less.",
        )
    if thought:
        return EngineFailed(
            "The language model thought, and said nothing.", "Ask again, or choose another model."
        )
    return EngineFailed("The language model gave no answer.", "Ask again.")


def sorted_out(pieces: Iterable[str], *, may_call: bool) -> Iterator[str | ToolCall]:
    """Yield words as they arrive, and calls; where none may be called, calls are dropped. Text that
    may become a mark is held back until it is known; an empty piece is passed on."""
    held, begun, inside = "", False, ""
    marks = (*CALLS, *BARE)
    for piece in pieces:
        if not piece:
            yield ""
        held += piece
        while held:
            if inside:
                held, inside, outputs = _within(held, inside)
                yield from outputs if may_call else ()
                if inside:
                    break
                continue
            if not begun and _may_be_json(held):
                break
            at, mark = _first(held, marks)
            if mark:
                if before := held[:at]:
                    begun = begun or bool(before.strip())
                    yield before
                held, inside = held[at + len(mark) * (mark in CALLS) :], mark
                continue
            free = len(held) - _possible(held, marks)
            if not free:
                break
            ready, held = held[:free], held[free:]
            begun = begun or bool(ready.strip())
            yield ready
    for output in _rest(held, inside, begun=begun):
        if may_call or isinstance(output, str):
            yield output


def parse_calls(text: str) -> list[ToolCall]:
    """Return the calls in a JSON text; empty where it contains none."""
    if named := _NAMED.match(text):
        text = f'{{"name": "{named[1]}", "arguments": {named[2]}}}'
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


def _within(held: str, mark: str) -> tuple[str, str, list[ToolCall]]:
    """Process text inside a mark; returns what is left, the mark if still open, and the result."""
    if mark in BARE:
        try:
            _, end = json.JSONDecoder().raw_decode(held)
        except (ValueError, RecursionError):
            end = -1
        if end > 0:
            return held[end:], "", parse_calls(held[:end])
    elif (at := held.find(CALLS[mark])) >= 0:
        return held[at + len(CALLS[mark]) :], "", parse_calls(held[:at])
    if len(held) > LONGEST_CALL:
        return "", "", []
    return held, mark, []


def _rest(held: str, inside: str, *, begun: bool) -> Iterator[str | ToolCall]:
    """Return what was held back, at the end of the answer."""
    if not held:
        return
    if inside or (not begun and _may_be_json(held)):
        calls = parse_calls(held.strip().removeprefix("```json").removesuffix("```"))
        if calls or inside:
            yield from calls
            return
    yield held


def _may_be_json(text: str) -> bool:
    """Whether the answer begins like a JSON object, which may be a call without any mark
    (Llama)."""
    start = text.lstrip()
    fence = "```json"
    opening = not start or start[0] in "{[" or fence.startswith(start[: len(fence)])
    return opening and not start.startswith("[TOOL_CALLS]") and len(text) < LONGEST_CALL


def _first(text: str, marks: tuple[str, ...]) -> tuple[int, str]:
    found = [(at, mark) for mark in marks if (at := text.find(mark)) >= 0]
    return min(found) if found else (-1, "")


def _possible(text: str, marks: tuple[str, ...]) -> int:
    """Return the length of the text's end that may be the beginning of a mark."""
    longest = max(len(mark) for mark in marks)
    return next(
        (
            size
            for size in range(min(longest, len(text)), 0, -1)
            if any(mark.startswith(text[-size:]) for mark in marks)
        ),
        0,
    )
