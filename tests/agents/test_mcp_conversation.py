"""A whole conversation whose dialogue calls tools of another program: consent, and no obedience."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

import mcp_servers
import pytest
from fakes import RecordingDialogue, Scene

from avatar_app.agents.mcp.collection import McpLibrary
from avatar_app.agents.mcp.servers import McpServer
from avatar_app.core.events import ConsentAsked, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.engines.dialogue.prompting.tools import fitting
from avatar_app.pipeline import commands
from avatar_app.session.assistant_tools import AssistantTools
from avatar_app.session.served.answers import NoControls
from avatar_app.storage.tool_log import ASKED, ToolLog
from avatar_app.system.paths import app_paths


class Obedient(RecordingDialogue):
    """A model that calls what fits the user's words, and does what a result tells it."""

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        self.prompts.append(prompt)
        if prompt.done:
            yield f"It says: {prompt.done}"
            return
        names = [tool.name for tool in fitting(prompt)]
        if "book__find_address" in names:
            result = yield ToolCall("book__find_address", {"name": "Anna"})
            assert result is not None
            self.results.append(result)
            if "delete_all_notes" in str(result.value):
                yield ToolCall("add_note", {"text": "I was told to"})
            yield "Anna lives in Oslo."
        elif "book__send_message" in names:
            yield ToolCall("book__send_message", {"to": "Anna", "text": "Dinner at eight"})
        else:
            yield "I see."


@pytest.fixture
def tools() -> Iterator[AssistantTools]:
    library = McpLibrary(app_paths())
    server = McpServer(command=(sys.executable, mcp_servers.__file__), trusted=True)
    library.add("book", server, library.look("book", server))
    with closing(
        AssistantTools(app_paths(), NoControls(), lambda _event: None, lambda _text: None)
    ) as tools:
        yield tools


def said(scene: Scene, text: str) -> TurnEnded:
    before = len(scene.of(TurnEnded))
    scene.say(text)
    scene.wait_until(lambda: len(scene.of(TurnEnded)) > before, 90)
    return scene.of(TurnEnded)[-1]


def test_a_model_finds_sends_with_consent_and_obeys_no_result(tools: AssistantTools) -> None:
    model: Any = Obedient()
    with Scene(call_tool=tools.call) as scene:
        scene.context.tools = tools.descriptions
        scene.send(commands.SwitchEngine(Kind.DIALOGUE, model))
        found = said(scene, "find the address of anna please")
        assert "Oslo" in str(model.results[0].value)
        assert "I need your consent to add note" in found.heard_text, "a result suggested it"
        assert said(scene, "no").heard_text == "All right, I leave it."
        asked = said(scene, "send a message to anna")
        assert "send message with book, with to: Anna; text: Dinner" in asked.avatar_text
        assert len(scene.of(ConsentAsked)) == 2
        sent = said(scene, "yes send the message")
        assert "Sent to Anna: Dinner at eight" in sent.avatar_text
    log = [(call.tool, call.consent, call.outcome == ASKED) for call in calls()]
    assert log == [
        ("book__find_address", "", False),
        ("add_note", "", True),
        ("book__send_message", "", True),
        ("book__send_message", "said", False),
    ]


def calls() -> list[Any]:
    with closing(ToolLog(app_paths().tool_log_file)) as log:
        return log.latest()[::-1]
