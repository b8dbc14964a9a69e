"""Answers a prompt without a conversation: the dialogue of the settings as a plain generator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from avatar_app.core.engines import Dialogue
from avatar_app.core.errors import EngineFailed
from avatar_app.core.events import Event
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.core.values import SpeechChunk, ToolCall, ToolResult
from avatar_app.pipeline.output.reply import MOST_TOOL_CALLS
from avatar_app.session.assistant_tools import AssistantTools
from avatar_app.session.personas import own_personas
from avatar_app.session.served.shared_engines import SharedEngines
from avatar_app.session.spoken_language import spoken_language
from avatar_app.tools import arithmetic, clock

OWN_TOOLS = frozenset(tool.__name__ for tool in (*clock.TOOLS, *arithmetic.TOOLS))
"""Tools that make sense where nothing is kept between two requests."""


class NoControls:
    """`AppControls` where there is no application to control."""

    def configure_voice(self, **options: Any) -> None:
        """Ignore options."""

    def set_volume(self, volume: float) -> None:
        """Ignore the volume."""

    def mute(self, *, muted: bool) -> None:
        """Ignore it."""


def answer_prompt(
    engines: SharedEngines, client: str, prompt: Prompt, turn: Turn
) -> Iterator[str | ToolCall]:
    """Yield the answer in pieces. A call of one of the prompt's tools ends it: the client calls
    them. Clock and arithmetic are called here."""
    tools = AssistantTools(None, NoControls(), _ignore, _ignore)
    with closing(tools), closing(engines.dialogue(client)) as dialogue:
        yield from _answered(dialogue, with_persona(prompt, engines), turn, tools)


def with_persona(prompt: Prompt, engines: SharedEngines) -> Prompt:
    """Return the prompt, with the chosen persona's description where it has no instructions."""
    if prompt.system:
        return prompt
    spoken = spoken_language(engines.settings, engines.registry)
    persona = own_personas(engines.paths.config).read(engines.settings.persona, spoken)
    return Prompt((Message(Role.SYSTEM, persona.system), *prompt.messages), prompt.tools)


def _answered(
    dialogue: Dialogue, prompt: Prompt, turn: Turn, tools: AssistantTools
) -> Iterator[str | ToolCall]:
    offered = {tool.name for tool in prompt.tools}
    own = (tool for tool in tools.descriptions if tool.name in OWN_TOOLS - offered)
    asked = replace(prompt, tools=(*prompt.tools, *own))
    with closing(dialogue.reply(asked, turn)) as reply:
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
                yield f"{output.text} " if output.text else ""
                continue
            if isinstance(output, str):
                yield output
                continue
            if output.name in offered:
                yield output
                return
            calls += 1
            if calls > MOST_TOOL_CALLS:
                raise EngineFailed("The answer called tools without end.", "Ask again.")
            result = tools.call(output)


def _ignore(_event: Event | str) -> None:
    """Nobody listens."""
