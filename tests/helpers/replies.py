"""What dialogues answer outside a conversation, and what their functions return to them."""

from __future__ import annotations

from typing import Any

from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall, ToolResult


def outputs_of(dialogue: Any, prompt: Prompt, result: Any = None) -> list[Any]:
    """All that a dialogue yields; each function that it calls returns `result`."""
    reply, outputs, returned = dialogue.reply(prompt, Turn(1)), [], None
    while True:
        try:
            output = reply.send(returned)
        except StopIteration:
            return outputs
        outputs.append(output)
        returned = ToolResult(result) if isinstance(output, ToolCall) else None


def answered(dialogue: Any, prompt: Prompt, result: Any = None) -> list[Any]:
    """All that it says and calls; while it only thinks, it yields nothing but empty texts."""
    return [output for output in outputs_of(dialogue, prompt, result) if output]
