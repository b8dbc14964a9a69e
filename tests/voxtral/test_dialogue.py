"""Voxtral through the real transformers, on a tiny model in the true files that really hears."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from replies import answered
from voxtral_parts import write_voxtral_folder

from avatar_app.core.errors import (
    AvatarError,
    EngineFailed,
    InputInvalid,
    ModelMissing,
)
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, Prompt, Role, SoundPart, TextPart, ToolDescription
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, ToolCall
from avatar_app.engines.dialogue.voxtral_torch.engine import VoxtralTorchDialogue
from avatar_app.pipeline.output.spoken_words import as_wave
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry

LOW, HIGH, READ, TOLD = "That was low.", "I heard something high.", "You typed.", "It told me so."
SMALL = {"threads": 1, "device": "cpu", "temperature": 0.0, "context": 4096}
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


def text_of(dialogue: VoxtralTorchDialogue, prompt: Prompt) -> str:
    return "".join(map(str, answered(dialogue, prompt))).strip()


@pytest.fixture(scope="module")
def dialogue(voxtral_folder: Path) -> Iterator[VoxtralTorchDialogue]:
    made = VoxtralTorchDialogue(model=str(voxtral_folder), **SMALL)
    yield made
    made.close()


@pytest.mark.parametrize(("hertz", "answer"), [(200, LOW), (5000, HIGH)])
def test_what_is_heard_decides_the_answer(dialogue, hertz, answer):
    pieces = answered(dialogue, said("the same words", tone(hertz)))
    assert "".join(pieces).strip() == answer
    assert len(pieces) >= 3, "it streams"


def test_typed_words_are_read(dialogue):
    assert text_of(dialogue, said("hello")) == READ


def test_only_the_newest_words_are_heard(dialogue):
    earlier = (Message(Role.USER, "high", spoken=tone(5000)), Message(Role.AVATAR, HIGH))
    prompt = said("low", tone(200))
    prompt = replace(prompt, messages=(prompt.messages[0], *earlier, prompt.messages[-1]))
    assert text_of(dialogue, prompt) == LOW


def test_an_attached_sound_is_heard_with_typed_words(dialogue):
    last = Message(Role.USER, (TextPart("What is this?"), tone(5000)))
    assert text_of(dialogue, Prompt((last,))) == HIGH


def test_prompt_and_answer_are_those_of_the_library(dialogue, voxtral_folder, tmp_path):
    """transformers' own processor and `generate` lead to the same tokens."""
    from transformers import (
        MistralCommonBackend,
        VoxtralForConditionalGeneration,
        VoxtralProcessor,
        WhisperFeatureExtractor,
    )

    sound = tone(5000, 2.0)
    (tmp_path / "tone.wav").write_bytes(sound.content)
    tokenizer = MistralCommonBackend(tokenizer_path=voxtral_folder / "tekken.json")
    extractor = WhisperFeatureExtractor.from_pretrained(voxtral_folder)
    heard = {"type": "audio", "path": str(tmp_path / "tone.wav")}
    inputs = VoxtralProcessor(extractor, tokenizer).apply_chat_template(
        [{"role": "user", "content": [heard]}], return_tensors="pt", return_dict=True, tokenize=True
    )
    model = VoxtralForConditionalGeneration.from_pretrained(voxtral_folder)
    written = model.generate(**inputs, max_new_tokens=20, do_sample=False, eos_token_id=2)
    network, turn = dialogue._loaded.writer, Turn(1)
    prompt = f"[INST]{network.marker}[/INST]"
    said = "".join(network.write(prompt, 20, {}, turn, [sound.content]))
    ids = [24 if isinstance(each, tuple) else each for each in network._places]
    assert ids[: inputs["input_ids"].shape[1]] == inputs["input_ids"][0].tolist()
    assert ids == written[0].tolist()[: len(ids)]
    assert said.strip() == HIGH


def test_more_than_half_a_minute_is_heard(dialogue):
    assert text_of(dialogue, said("long", tone(5000, 40))) == HIGH


@pytest.mark.parametrize("tools", ["few", "all"])
def test_a_function_is_called_and_its_result_answered(tmp_path, tools):
    call = '<tool_call>{"name":"get_time","arguments":{}}</tool_call>'
    folder = write_voxtral_folder(tmp_path / "caller", (LOW, call, READ, TOLD))
    made = VoxtralTorchDialogue(model=str(folder), **SMALL, tools=tools)
    try:
        prompt = said("tell me the time of the clock", tone(5000), (CLOCK,))
        outputs = answered(made, prompt, "noon")
        assert outputs[0] == ToolCall("get_time")
        assert "".join(outputs[1:]).strip() == TOLD
    finally:
        made.close()


def test_a_turn_is_cancelled_in_any_layer_and_the_next_one_answered(dialogue):
    network = dialogue._loaded.writer._network.model
    for layer in (network.audio_tower.layers[0], network.language_model.layers[0]):
        turn = Turn(2)
        stop = layer.register_forward_pre_hook(lambda *_, turn=turn: turn.cancel(), prepend=True)
        with pytest.raises(TurnCancelled):
            list(dialogue.reply(said("long", tone(200 + turn.id, 3)), turn))
        stop.remove()
        assert text_of(dialogue, said("again", tone(5000))) == HIGH


def test_a_damaged_sound_is_an_error_and_the_next_turn_works(dialogue):
    with pytest.raises(EngineFailed):
        answered(dialogue, said("x", SoundPart(b"RIFF and nothing else")))
    assert text_of(dialogue, said("again", tone(200))) == LOW


def test_the_same_seed_chooses_the_same_words(dialogue):
    network = dialogue._loaded.writer
    free = {"temperature": 2.0, "top_p": 1.0, "top_k": 50, "min_p": 0.0, "repeat_penalty": 1.2}

    def written(seed: int) -> str:
        return "".join(network.write("[INST]x[/INST]", 30, free | {"seed": seed}, Turn(1)))

    assert written(1) == written(1)
    assert len({written(seed) for seed in range(8)}) > 1


def test_prompts_are_prepared_and_kept_on_disk(voxtral_folder, tmp_path):
    so_far = Prompt((Message(Role.SYSTEM, "You are somebody else, who likes words."),))
    asked = Prompt((*so_far.messages, Message(Role.USER, "x", spoken=tone(200))))
    options = SMALL | {"model": str(voxtral_folder), "prompt_cache": str(tmp_path)}
    first = VoxtralTorchDialogue(**options)
    assert set(first.prepare(so_far, Turn(3))) <= {""}
    read = first.evaluated().tokens
    assert text_of(first, asked) == LOW
    assert first.evaluated().tokens < 378 + 10, "the persona was read ahead"
    first.close()
    second = VoxtralTorchDialogue(**options)
    list(second.prepare(so_far, Turn(4)))
    assert second.evaluated().tokens < read / 2, "it is on disk"
    assert text_of(second, asked) == LOW
    second.close()
    (state,) = tmp_path.glob("*.state")
    state.write_bytes(state.read_bytes()[:1000])
    third = VoxtralTorchDialogue(**options)
    list(third.prepare(so_far, Turn(5)))
    assert text_of(third, asked) == LOW, "a damaged state is read again"
    third.close()


@pytest.mark.parametrize("name", ["config.json", "tekken.json", "model.safetensors"])
def test_missing_and_damaged_files_are_named(voxtral_folder, tmp_path, name):
    folder = tmp_path / "damaged"
    shutil.copytree(voxtral_folder, folder)
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    with pytest.raises(ModelMissing, match=name.partition(".")[2]):
        VoxtralTorchDialogue(model=str(folder), **SMALL)
    for damaged in (content[: len(content) // 2], b"", b"\x80\x04garbage"):
        (folder / name).write_bytes(damaged)
        with pytest.raises(AvatarError) as refused:
            VoxtralTorchDialogue(model=str(folder), **SMALL)
        assert refused.value.hint


def test_another_model_is_refused(tmp_path):
    with pytest.raises(ModelMissing):
        VoxtralTorchDialogue(model="", **SMALL)
    for name in ("config.json", "tekken.json", "model.safetensors"):
        (tmp_path / name).write_text('{"model_type": "whisper"}')
    with pytest.raises(InputInvalid, match="made for whisper"):
        VoxtralTorchDialogue(model=str(tmp_path), **SMALL)


def test_it_hears_in_a_process_of_its_own(voxtral_folder):
    registry = Registry()
    manifest = registry.find(Kind.DIALOGUE, "voxtral_torch")
    assert manifest.hears
    engine = create_engine(registry, manifest, SMALL | {"model": str(voxtral_folder)})
    try:
        assert "".join(answered(engine, said("x", tone(5000)))).strip() == HIGH
    finally:
        engine.close()
