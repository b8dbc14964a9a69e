"""“Build me a small page …”, spoken: plan, yes, talk meanwhile, milestones, show, undo; by voice.

The conversation is real, with its voice, its recognizer, git, ruff, pytest and bubblewrap; the
models say what is written here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from chat_server import SAID, ChatServer, running, willing
from real_models import LIGHT, listening, talking
from scripted_model import BAD_PAGE, GOOD_PAGE, ScriptedModel, file
from spoken_room import Room

from avatar_app.agents import sandbox
from avatar_app.bench.scripted.whisper import write_whisper
from avatar_app.core.builds import BuildChanged, BuildState
from avatar_app.core.events import ConsentAsked
from avatar_app.core.jobs import Job
from avatar_app.core.values import BLOCK_SECONDS
from avatar_app.storage.tool_log import ToolLog
from avatar_app.system.paths import app_paths

pytestmark = pytest.mark.skipif(
    bool(sandbox._unavailable()), reason=f"programs can't be confined: {sandbox._unavailable()}"
)
REQUEST = "build me a small page that shows the word of today"


class Workshop(Room):
    """A room in which a page is built."""

    def states(self) -> list[BuildState]:
        events = [event for _, event in self.offline.events if isinstance(event, BuildChanged)]
        return [event.state for event in events]


@pytest.fixture
def server(loopback: None) -> Iterator[ChatServer]:
    with running(ChatServer(willing)) as server:
        yield server


def writes(server: ChatServer, model: ScriptedModel) -> None:
    """Let the server answer as a model that writes pages, and chats."""

    def answer(body: dict[str, Any]) -> str:
        system, *_, last = (str(message["content"]) for message in body["messages"])
        if not system.startswith("You plan") and "FILE:" not in system:
            return SAID
        return model.complete(system, last, Job("", lambda _job: None))

    server.answer = answer


def test_a_page_is_built_while_one_talks(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browsed: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: browsed.append(url) or True)
    talked = threading.Event()
    model = ScriptedModel(file("index.html", BAD_PAGE), file("index.html", GOOD_PAGE))
    model.when_asked = lambda kind: talked.wait(300) and None if kind == "tests" else None
    writes(server, model)
    settings = (
        LIGHT
        | listening(write_whisper(tmp_path / "first", REQUEST))
        | {
            "dialogue.engine": "openai",
            "dialogue.options.address": server.address,
            "dialogue.options.model": "m",
        }
    )
    with ExitStack() as opened:
        room = Workshop(opened.enter_context(talking(settings, BLOCK_SECONDS)), tmp_path, opened)
        plan = room.say(REQUEST)
        assert "Write index.html with a heading." in plan
        assert plan.endswith('Say "yes, build the page", or press the button, and I do it.')
        assert [kind for kind, _ in model.asked] == ["plan"]
        assert "I begin to build the page" in room.say("yes build the page")
        assert room.say("tell me something nice") == SAID, "it is free to talk"
        room.wait(lambda: "tests" in [kind for kind, _ in model.asked])
        assert "browser" in room.say("show me")
        assert browsed[0].endswith("/shown/index.html")
        talked.set()
        room.wait(lambda: room.states()[-1] is BuildState.READY and len(room.announced()) == 2)
        assert room.announced() == [
            "A first version is written; I am testing and reviewing it.",
            "The page is ready: its tests pass, and the review has found nothing.",
        ]
        page = Path(browsed[-1].removeprefix("file://")).parents[1] / "site/index.html"
        assert len(browsed) == 2, "it opens when it is ready"
        assert page.read_text().strip() == GOOD_PAGE
        undone = room.say("undo the last step")
        assert "the last step of the page" in undone
        assert page.read_text().strip() == BAD_PAGE, "the repair was taken back"
        asked = [event for _, event in room.offline.events if isinstance(event, ConsentAsked)]
    assert [each.act for each in asked] == ["build the page"]
    log = [(call.tool, call.consent) for call in ToolLog(app_paths().tool_log_file).latest()]
    assert ("build_page", "said") in log


def test_the_built_in_conversation_is_too_small(tmp_path: Path) -> None:
    with ExitStack() as opened:
        settings = LIGHT | listening(write_whisper(tmp_path / "first", REQUEST))
        room = Workshop(opened.enter_context(talking(settings, BLOCK_SECONDS)), tmp_path, opened)
        assert "too small to write pages" in room.say(REQUEST)
        assert room.states() == []
