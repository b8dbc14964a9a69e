"""Generates a reply: calls the dialogue engine and its tools, and yields clauses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import cast

from avatar_app.core.engines import Dialogue, Reply
from avatar_app.core.errors import EngineFailed
from avatar_app.core.prompt import PicturePart, Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    Block,
    Permission,
    PermissionRequest,
    SpeechChunk,
    ToolCall,
    ToolResult,
)
from avatar_app.core.whole_text import TextPieces
from avatar_app.pipeline.output.clauses import split_clauses
from avatar_app.pipeline.output.pictures import without_pictures
from avatar_app.pipeline.output.speakable import speakable

MOST_TOOL_CALLS = 16
"""A reply that calls more tools than this is stuck in a loop."""

TOOL_CALLED = "tool_called"
"""The mark of a turn that has called a tool, so that it must not be answered twice."""

LOOK = "look"
"""The tool that takes a picture: one look is enough for an answer."""

CallTool = Callable[[ToolCall], ToolResult]
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class ReplyHandlers:
    """What a reply needs from its conversation."""

    call_tool: CallTool
    wait_committed: Callable[[Turn], None]
    ask: Callable[[Turn, PermissionRequest], str]
    """Takes a request for consent and returns the question to the user."""
    show: Callable[[Turn, PicturePart], None]
    """Keeps a picture that was taken for the turn."""


def generate_reply(
    dialogue: Dialogue, prompt: Prompt, turn: Turn, handlers: ReplyHandlers
) -> Iterator[str | Block | SpeechChunk]:
    """Yield the clauses of the reply to `prompt`, and what is to be shown between them; speech as
    it comes.

    A tool may set a timer or mute the microphone, so it is called only when the turn is committed.
    Where one needs the user's consent, the reply ends with the question. Where one takes a picture,
    the dialogue is asked again with it.
    """
    taken: list[PicturePart] = []
    yield from _clauses(dialogue, prompt, turn, handlers, taken)
    if taken:
        handlers.show(turn, taken[0])
        yield from _clauses(dialogue, with_picture(prompt, taken[0]), turn, handlers, [])


def called(call: ToolCall, turn: Turn, call_tool: CallTool) -> ToolResult:
    """Call a tool for a committed turn."""
    turn.mark(TOOL_CALLED)
    turn.check()  # after the mark: if the turn is cancelled and has no mark, no tool is called
    turn.doing = call.name
    result = call_tool(replace(call, turn=turn))
    turn.doing = ""
    return result


def _clauses(
    dialogue: Dialogue,
    prompt: Prompt,
    turn: Turn,
    handlers: ReplyHandlers,
    taken: list[PicturePart],
) -> Iterator[str | Block | SpeechChunk]:
    reply = dialogue.reply(prompt, turn)
    try:
        suspect = bool(prompt.done)  # which tells what another program returned
        outputs = _texts(reply, turn, handlers, taken, suspect=suspect)
        for is_spoken, group in groupby(outputs, lambda each: isinstance(each, SpeechChunk)):
            if is_spoken:
                yield from group
            else:
                yield from split_clauses(speakable(cast("Iterator[str]", group)))
    finally:
        reply.close()


def _texts(
    reply: Reply, turn: Turn, handlers: ReplyHandlers, taken: list[PicturePart], *, suspect: bool
) -> Iterator[str | SpeechChunk]:
    result: ToolResult | None = None
    calls, pieces = 0, TextPieces()
    while True:
        try:
            output = reply.send(result)
        except StopIteration:
            yield from pieces.rest()
            return
        turn.check()
        result = None
        if isinstance(output, SpeechChunk):
            turn.mark("first_token")
            yield output
            continue
        if isinstance(output, str):
            if output:  # an empty piece only reports that the engine is working
                turn.mark("first_token")
                yield pieces.add(output)
            continue
        calls += 1
        if calls > MOST_TOOL_CALLS:
            raise EngineFailed(
                "The answer called tools without end.", "Ask again, or choose another model."
            )
        handlers.wait_committed(turn)
        result = _result(output, turn, handlers.call_tool, suspect=suspect)
        suspect = suspect or result.foreign
        if result.asks is not None:
            yield " " + handlers.ask(turn, result.asks)
            return
        if result.picture is not None:
            taken.append(result.picture)
            return


def _result(output: ToolCall, turn: Turn, call_tool: CallTool, *, suspect: bool) -> ToolResult:
    """Call the tool that a dialogue asks for; it can give no consent, the user's words can."""
    call = ToolCall(output.name, output.arguments, suspect=suspect)
    result = called(call, turn, call_tool)
    if result.asks is None or suspect:
        return result
    said = set(_WORD.findall(turn.user_text.lower()))
    if said & result.asks.asked_by:
        return called(replace(call, consent=Permission.SAID), turn, call_tool)
    return result


def with_picture(prompt: Prompt, picture: PicturePart) -> Prompt:
    """Return the prompt in which the user shows a picture with their words. No other is needed."""
    last = prompt.messages[-1]
    parts = (part for part in last.parts if not isinstance(part, PicturePart))
    words = replace(last, content=(*parts, picture))
    earlier = map(without_pictures, prompt.messages[:-1])
    tools = tuple(tool for tool in prompt.tools if tool.name != LOOK)
    return replace(prompt, messages=(*earlier, words), tools=tools)
