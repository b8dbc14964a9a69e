"""Whole conversations with Voxtral: real sound goes into the real llama.cpp, which answers it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from real_models import LIGHT, SAID, listening, talk, talking
from spoken import spoken, with_hiss

from avatar_app.bench.scripted.voxtral import write_voxtral
from avatar_app.bench.scripted.whisper import write_whisper
from avatar_app.core.events import Outcome, UserSaid
from avatar_app.core.values import BLOCK_SECONDS
from avatar_app.session.offline.recordings import ReportLine
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import app_paths

LOW, HIGH = "That was low, and quite pleasant to listen to.", "I heard something high."
NOTE = '<tool_call>{"name": "add_note", "arguments": {"text": "buy milk"}}</tool_call>'
TOLD = "It is written down."


def hearing(folder: Path) -> dict[str, Any]:
    """The settings by which Voxtral hears and answers."""
    options = {"model": str(folder), "threads": 1, "gpu_layers": 0, "temperature": 0.0}
    chosen = {f"dialogue.options.{name}": value for name, value in options.items()}
    return LIGHT | {"dialogue.engine": "voxtral"} | chosen


@pytest.fixture(scope="module")
def voxtral(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voxtral")
    return write_voxtral(folder, low=LOW, high=HIGH, context=16_384)


def test_the_sound_is_answered_and_the_words_are_kept(whisper: Path, voxtral: Path) -> None:
    words = spoken("Could you tell me a story please?")
    lines = [ReportLine("plain", words), ReportLine("hissed", with_hiss(words))]
    with talking(listening(whisper) | hearing(voxtral), BLOCK_SECONDS) as offline:
        turns = talk(offline, *lines)
        said = [event.text for _, event in offline.events if isinstance(event, UserSaid)]
    assert [turn.heard_text for turn in turns] == [LOW, HIGH]
    assert [turn.outcome for turn in turns] == [Outcome.FINISHED] * 2
    assert said == [turn.user_text for turn in turns] == [SAID, SAID]
    assert all(turn.pictures.shown > 3 for turn in turns)


def test_an_answer_is_interrupted_and_cut_to_what_was_heard(whisper: Path, voxtral: Path) -> None:
    words = spoken("Could you tell me a story please?")
    lines = [ReportLine("plain", words), ReportLine("hissed", with_hiss(words))]
    with talking(listening(whisper) | hearing(voxtral), BLOCK_SECONDS) as offline:
        first, second = talk(offline, *lines, barge_in_at=0.5)
    assert first.outcome is Outcome.INTERRUPTED
    assert LOW.startswith(first.heard_text)
    assert first.heard_text != LOW
    assert second.heard_text == HIGH


def test_what_is_heard_calls_a_real_tool(tmp_path: Path) -> None:
    model = write_voxtral(tmp_path / "caller", high=NOTE, told=TOLD, context=16_384)
    recognizer = write_whisper(tmp_path / "whisper", "would a note with text help")
    line = ReportLine("hissed", with_hiss(spoken("Please remember the milk for me.")))
    few = {"dialogue.options.tools": "few"}
    with talking(listening(recognizer) | hearing(model) | few, BLOCK_SECONDS) as offline:
        (turn,) = talk(offline, line)
    assert turn.heard_text == TOLD
    memory = Memory(app_paths().memory_file)
    assert [note.text for note in memory.notes()] == ["buy milk"]
    memory.close()
