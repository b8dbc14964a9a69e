"""Generates a reply: calls the dialogue engine and its tools, and yields clauses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import cast

from avatar_app.core.engines import Dialogue, Reply
from avatar_app.core.errors import EngineFailed
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import Block, SpeechChunk, ToolCall, ToolResult
from avatar_app.pipeline.output.clauses import split_clauses
from avatar_app.pipeline.output.speakable import speakable

MOST_TOOL_CALLS = 16
"""A reply that calls more tools than this is stuck in a loop."""

TOOL_CALLED = "tool_called"
"""The mark of a turn that has called a tool, so that it must not be answered twice."""

CallTool = Callable[[ToolCall], ToolResult]


def generate_reply(
    dialogue: Dialogue,
    prompt: Prompt,
    turn: Turn,
    call_tool: CallTool,
    wait_committed: Callable[[Turn], None],
) -> Iterator[str | Block | SpeechChunk]:
    """Yield the clauses of the reply to `prompt`, and what is to be shown between them; speech as
    it comes.

    A tool may set a timer or mute the microphone, so it is called only when the turn is committed.
    """
    reply = dialogue.reply(prompt, turn)
    try:
        outputs = _texts(reply, turn, call_tool, wait_committed)
        for is_spoken, group in groupby(outputs, lambda each: isinstance(each, SpeechChunk)):
            if is_spoken:
                yield from group
            else:
                yield from split_clauses(speakable(cast("Iterator[str]", group)))
    finally:
        reply.close()


def _texts(
    reply: Reply,
    turn: Turn,
    call_tool: CallTool,
    wait_committed: Callable[[Turn], None],
) -> Iterator[str | SpeechChunk]:
    result: ToolResult | None = None
    calls = 0
    while True:
        try:
            output = reply.send(result)
        except StopIteration:
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
                yield output
            continue
        calls += 1
        if calls > MOST_TOOL_CALLS:
            raise EngineFailed(
                "The answer called tools without end.", "Ask again, or choose another model."
            )
        wait_committed(turn)
        turn.mark(TOOL_CALLED)
        turn.check()  # after the mark: if the turn is cancelled and has no mark, no tool is called
        turn.doing = output.name
        result = call_tool(output)
        turn.doing = ""
