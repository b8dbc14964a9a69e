"""What was said weeks ago is recalled in a conversation with a language model, and explained."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chat_server import ChatServer, running
from event_recorder import EventRecorder
from sessions import open_session

from avatar_app.audio.backend import AudioBackend
from avatar_app.session.app_session import AppSession
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import app_paths
from avatar_app.tools.services import Fact

LAST_MONTH = datetime.now(UTC) - timedelta(days=30)


@pytest.fixture
def server(loopback: None) -> Iterator[ChatServer]:
    with running(ChatServer(lambda _number: None)) as server:
        yield server


@pytest.fixture
def session(
    server: ChatServer, recorder: EventRecorder, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AppSession]:
    """A month after the user told a lot."""
    memory = Memory(app_paths().memory_file)
    memory.learn(Fact("sister", "favorite flower", "peony"), "She loves peonies", LAST_MONTH)
    for number in range(80):
        memory.learn(Fact("user", f"token {number}", "a thing of no great importance"))
    memory.close()
    for list_of in ("known", "present"):
        monkeypatch.setattr(AudioBackend, list_of, lambda _card: [])
    model = {"address": server.address, "model": "m"}
    session = open_session({"dialogue.engine": "openai", "dialogue.options": model})
    session.subscribe(recorder)
    session.start()
    assert session.wait_open()
    yield session
    session.close()


def test_a_fact_off_the_card_is_recalled_when_it_matters(
    session: AppSession, server: ChatServer, recorder: EventRecorder
) -> None:
    for text in ("Which flowers should I bring to my sister on Sunday?", "Do you ever dream?"):
        session.type(text)
        recorder.wait_for_end(text)
    with_fact, without = (_last_words(body) for body in server.bodies[-2:])
    assert "sister's favorite flower: peony" in with_fact
    assert "peony" not in without


def test_the_user_learns_when_they_told_it(session: AppSession, recorder: EventRecorder) -> None:
    session.type("how do you know about my sister")
    answer = recorder.wait_for_end("how do you know about my sister").avatar_text
    assert "She loves peonies" in answer
    assert f"{LAST_MONTH.astimezone():%B} {LAST_MONTH.astimezone().day}" in answer


def _last_words(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])
