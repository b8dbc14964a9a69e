"""Conversations with a real language model: what it reads anew, how it is stopped, what it does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from real_models import ANSWER, CONTEXT, LIGHT, answering, talk, talking

from avatar_app.bench.scripted.llama import TEMPLATE, write_llama
from avatar_app.bench.scripted.server import serving
from avatar_app.core.events import Outcome
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.engines.dialogue.llama.engine import LlamaDialogue
from avatar_app.pipeline import commands
from avatar_app.session.offline.conversation import OfflineConversation
from avatar_app.session.offline.recordings import ReportLine
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import app_paths


def test_a_model_writes_a_note_through_the_real_tool(tmp_path: Path) -> None:
    call = '<tool_call>{"name": "add_note", "arguments": {"text": "buy milk"}}</tool_call>'
    path = tmp_path / "caller.gguf"
    model = write_llama(path, call, result="It is written down.", context=CONTEXT)
    with talking(answering(model)) as offline:
        (turn,) = talk(offline, ReportLine("remember the milk"))
    assert turn.heard_text == "It is written down."
    memory = Memory(app_paths().memory_file)
    assert [note.text for note in memory.notes()] == ["buy milk"]
    memory.close()


@pytest.mark.usefixtures("loopback")
def test_a_server_answers_aloud_turn_after_turn(llama: Path) -> None:
    with serving(llama, CONTEXT) as server:
        choice = {"dialogue.engine": "openai", "dialogue.options.address": server.address}
        with talking(LIGHT | choice) as offline:
            turns = talk(offline, ReportLine("hello"), ReportLine("and now"))
    assert [turn.heard_text for turn in turns] == [ANSWER, ANSWER]


@contextmanager
def watched(llama: Path) -> Iterator[tuple[OfflineConversation, LlamaDialogue]]:
    """A conversation whose language model is in this process, so that it can be looked into."""
    dialogue = LlamaDialogue(
        model=str(llama), threads=1, context=CONTEXT, repeat_penalty=1.0, library="xllamacpp"
    )
    try:
        with talking(LIGHT) as offline:
            offline.conversation.send(commands.SwitchEngine(Kind.DIALOGUE, dialogue))
            yield offline, dialogue
    finally:
        dialogue.close()


def test_each_turn_evaluates_only_new_tokens(llama: Path) -> None:
    with watched(llama) as (offline, dialogue):
        counts = []
        for text in ("hello", "and now", "and then"):
            talk(offline, ReportLine(text))
            counts.append(dialogue.evaluated().tokens)
    first, *later = counts
    assert [turn.heard_text for turn in offline.ended] == [ANSWER] * 3
    assert first > 500
    assert all(0 < count < 0.2 * first for count in later), counts


def test_answer_can_be_cancelled_during_prompt_evaluation(llama: Path) -> None:
    with watched(llama) as (offline, dialogue):
        order = offline.conversation.send
        with reading_interrupted(dialogue, lambda: order(commands.Interrupt())) as read_on:
            (given_up,) = talk(offline, ReportLine("hello " + "and so on " * 80))
        assert given_up.outcome is Outcome.INTERRUPTED
        assert read_on == []
        (_, answered) = talk(offline, ReportLine("hello again"))
    assert answered.heard_text == ANSWER


@contextmanager
def reading_interrupted(
    dialogue: LlamaDialogue, interrupt: Callable[[], None]
) -> Iterator[list[str]]:
    """Calls `interrupt` when a first part of the prompt is read, and once the turn is cancelled
    lets the model read on; yields what it then does."""
    assert dialogue._loaded is not None
    backend = dialogue._loaded.writer
    write, interrupted, read_on = backend.write, threading.Event(), []

    def watched(text: str, longest: int, sampling: Any, turn: Turn, *rest: Any) -> Generator[str]:
        for piece in write(text, longest, sampling, turn, *rest):
            if interrupted.is_set() and turn.cancelled:
                read_on.append(piece)
            if longest and not interrupted.is_set():
                interrupted.set()
                stopped = threading.Event()
                turn.when_cancelled(stopped.set)
                interrupt()
                assert stopped.wait(30)
            yield piece

    backend.write = watched  # type: ignore[method-assign]
    yield read_on
    backend.write = write  # type: ignore[method-assign]
    assert interrupted.is_set()


def test_skills_answer_at_once_and_the_model_answers_the_rest(llama: Path) -> None:
    with talking(answering(llama)) as offline:
        turns = talk(
            offline,
            ReportLine("my name is Anna"),
            ReportLine("set a timer for ten minutes"),
            ReportLine("tell me about the sea"),
            ReportLine("what is my name"),
        )
    named, timed, talked, known = (turn.heard_text for turn in turns)
    assert "Anna" in named
    assert "ten minutes" in timed or "10 minutes" in timed
    assert talked == ANSWER
    assert "Anna" in known


def test_the_prompt_contains_facts_about_the_user(tmp_path: Path) -> None:
    noticing = TEMPLATE.replace(
        "messages[-1].role == 'tool'",
        "'sister' in messages[0].content and 'Eva' in messages[0].content",
    )
    path = tmp_path / "m.gguf"
    model = write_llama(
        path, "Who is she?", result="Eva, I know.", template=noticing, context=CONTEXT
    )
    with talking(answering(model)) as offline:
        turns = talk(
            offline,
            ReportLine("tell me about the sea"),
            ReportLine("my sister is called Eva"),
            ReportLine("tell me about the sea"),
        )
    assert [turns[0].heard_text, turns[2].heard_text] == ["Who is she?", "Eva, I know."]
