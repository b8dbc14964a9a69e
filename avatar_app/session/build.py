"""Put a conversation together: engines, tools, and who supervises them."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.core.events import Event
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import ToolDescription
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.pipeline.conversation import Conversation, Engines
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.pipeline.output.chat_context import ChatContext
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.session.personas import read_persona
from avatar_app.settings.schema import Settings


def make_conversation(
    settings: Settings,
    rack: EngineSet,
    post: Callable[[Event], None],
    clock: Callable[[], float],
    call_tool: Callable[[ToolCall], ToolResult],
    tools: tuple[ToolDescription, ...] = (),
) -> Conversation:
    """A conversation that begins to work when it hears its first block."""
    engines = rack.engines
    return Conversation(
        Engines(
            engines[Kind.AEC],
            engines[Kind.VAD],
            engines[Kind.ASR],
            engines[Kind.DIALOGUE],
            engines[Kind.TTS],
            engines[Kind.FACE],
            rack.fallback,
        ),
        post,
        call_tool,
        clock,
        ChatContext(read_persona(settings.persona).system, tools),
        TurnDetectionOptions(**settings.hearing.patience.model_dump()),
        settings.hearing.backchannels,
    )
