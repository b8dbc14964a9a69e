"""Voxtral through the real llama.cpp, on a tiny model in the true formats that really hears."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from replies import answered

from avatar_app.bench.scripted.voxtral import write_voxtral
from avatar_app.core.engines import HearsWords
from avatar_app.core.errors import AvatarError, EngineFailed, ModelMissing
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, Prompt, Role, SoundPart, TextPart, ToolDescription
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, ToolCall
from avatar_app.engines.dialogue.voxtral.engine import VoxtralDialogue
from avatar_app.engines.dialogue.voxtral.files import find_files
from avatar_app.pipeline.output.spoken_words import as_wave
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry

LOW, HIGH, READ, TOLD = "That was low.", "I heard something high.", "You typed.", "It told me so."
SMALL = {"threads": 1, "gpu_layers": 0, "temperature": 0.0, "context": 4096}
CLOCK = ToolDescription(
    "get_time", "Tell the time of a clock.", {"type": "object", "properties": {}}
)


def tone(hertz: float, seconds: float = 1.0) -> SoundPart:
    times = np.arange(int(seconds * MICROPHONE_RATE)) / MICROPHONE_RATE
    samples = 0.5 * np.sin(2 * np.pi * hertz * times).astype(np.float32)
    return as_wave([AudioChunk(samples, MICROPHONE_RATE)])


def said(
    text: str, spoken: SoundPart | None = None, tools: tuple[ToolDescription, ...] = ()
) -> Prompt:
    last = Message(Role.USER, text, spoken=spoken)
    return Prompt((Message(Role.SYSTEM, "You are Mira."), last), tools)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_voxtral(tmp_path_factory.mktemp("voxtral"))


@pytest.fixture(scope="module")
def dialogue(folder: Path) -> Iterator[VoxtralDialogue]:
    made = VoxtralDialogue(model=str(folder), **SMALL)
    yield made
    made.close()


@pytest.mark.parametrize(("hertz", "answer"), [(200, LOW), (5000, HIGH)])
def test_what_is_heard_decides_the_answer(dialogue, hertz, answer):
    pieces = answered(dialogue, said("the same words", tone(hertz)))
    assert "".join(pieces).strip() == answer
    assert len(pieces) >= 3, "it streams"


def test_typed_words_are_read(dialogue):
    assert "".join(answered(dialogue, said("hello"))).strip() == READ


def test_only_the_newest_words_are_heard(dialogue):
    earlier = (Message(Role.USER, "high", spoken=tone(5000)), Message(Role.AVATAR, HIGH))
    prompt = said("low", tone(200))
    prompt = replace(prompt, messages=(prompt.messages[0], *earlier, prompt.messages[-1]))
    assert "".join(answered(dialogue, prompt)).strip() == LOW


def test_an_attached_sound_is_heard_with_typed_words(dialogue):
    last = Message(Role.USER, (TextPart("What is this?"), tone(5000)))
    assert "".join(answered(dialogue, Prompt((last,)))).strip() == HIGH


def test_the_model_reads_no_transcript_of_what_it_hears(dialogue):
    loaded = dialogue._loaded
    offered, _ = dialogue._offered(loaded, said("secret words", tone(200)))
    text = loaded.chat.text(loaded.chat.messages(offered), [])
    marker = loaded.writer.marker
    assert text == f"[SYSTEM_PROMPT]You are Mira.[/SYSTEM_PROMPT][INST]{marker}[/INST]"


def test_more_than_half_a_minute_is_heard(dialogue):
    assert "".join(answered(dialogue, said("long", tone(5000, 40)))).strip() == HIGH


@pytest.mark.parametrize("tools", ["few", "all"])
def test_a_function_is_called_and_its_result_answered(tmp_path, tools):
    call = '<tool_call>{"name":"get_time","arguments":{}}</tool_call>'
    made = VoxtralDialogue(model=str(write_voxtral(tmp_path, high=call)), **SMALL, tools=tools)
    try:
        prompt = said("tell me the time of the clock", tone(5000), (CLOCK,))
        outputs = answered(made, prompt, "noon")
        assert outputs[0] == ToolCall("get_time")
        assert "".join(outputs[1:]).strip() == TOLD
    finally:
        made.close()


def test_a_turn_is_cancelled_and_the_next_one_answered(dialogue):
    turn = Turn(2)
    reply = dialogue.reply(said("long", tone(200, 30)), turn)
    next(reply)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(reply)
    assert "".join(answered(dialogue, said("again", tone(5000)))).strip() == HIGH


def test_a_damaged_sound_is_an_error_and_the_next_turn_works(dialogue):
    with pytest.raises(EngineFailed):
        answered(dialogue, said("x", SoundPart(b"RIFF and nothing else")))
    assert "".join(answered(dialogue, said("again", tone(200)))).strip() == LOW


def test_prompts_are_prepared(dialogue):
    so_far = Prompt((Message(Role.SYSTEM, "You are somebody else, who likes words."),))
    assert set(dialogue.prepare(so_far, Turn(3))) <= {""}
    last = Message(Role.USER, "x", spoken=tone(200))
    dialogue.evaluated()
    assert "".join(answered(dialogue, Prompt((*so_far.messages, last)))).strip() == LOW
    assert dialogue.evaluated().tokens < 187 + 30, "the persona was read ahead"


def test_missing_and_damaged_files_are_named(folder, tmp_path):
    with pytest.raises(ModelMissing, match="No Voxtral model"):
        find_files(str(tmp_path))
    model, projector = find_files(str(folder))
    (tmp_path / model.name).write_bytes(model.read_bytes())
    with pytest.raises(ModelMissing, match="projector"):
        VoxtralDialogue(model=str(tmp_path), **SMALL)
    (tmp_path / projector.name).write_bytes(projector.read_bytes()[:5000])
    with pytest.raises(AvatarError) as refused:
        VoxtralDialogue(model=str(tmp_path), **SMALL)
    assert refused.value.hint


def test_it_hears_in_a_process_of_its_own(folder):
    registry = Registry()
    manifest = registry.find(Kind.DIALOGUE, "voxtral")
    assert manifest.hears
    engine = create_engine(registry, manifest, SMALL | {"model": str(folder)})
    try:
        assert "".join(answered(engine, said("x", tone(5000)))).strip() == HIGH
    finally:
        engine.close()


def test_it_hears(dialogue):
    assert isinstance(dialogue, HearsWords)
    assert dialogue.hears
