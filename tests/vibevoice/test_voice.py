"""VibeVoice speaks in any of its voices, streams after its first words, and stops at any layer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vibevoice_parts import (
    LATENT_SAMPLES,
    RATE,
    VOICES,
    random_voice,
    random_weights,
    write_vibevoice,
    write_voice,
)
from voice_checks import ODD, SENTENCE, check_words_in_time, sound, spoken
from wav2lip_parts import write_safetensors

from avatar_app.core.errors import ConfigInvalid, DeviceUnavailable, InputInvalid, ModelMissing
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.engines.tts.vibevoice.engine import VibeVoice


@pytest.fixture(scope="module")
def loaded(vibevoice: Path) -> Iterator[VibeVoice]:
    voice = VibeVoice(model=str(vibevoice), threads=1)
    yield voice
    voice.close()


@pytest.fixture
def voice(loaded: VibeVoice) -> VibeVoice:
    loaded.configure(
        voice="", speed=1.0, seed=1, pitch=0.0, expressiveness=1.0, volume=1.0, steps=5,
        guidance=1.5, language="auto",
    )  # fmt: skip
    return loaded


def test_every_word_once_in_order(voice: VibeVoice) -> None:
    chunks = spoken(voice)
    check_words_in_time(chunks, SENTENCE)
    assert {chunk.audio.rate for chunk in chunks} == {RATE}
    assert np.abs(sound(chunks)).max() > 0.01
    assert all(not chunk.visemes for chunk in chunks)


@pytest.mark.parametrize("text", ODD)
def test_odd_texts(voice: VibeVoice, text: str) -> None:
    check_words_in_time(spoken(voice, text), text)


def test_it_streams_latent_by_latent_after_five_tokens(voice: VibeVoice) -> None:
    """The first 133 ms come after one window of text; the others are not computed yet."""
    read: list[int] = []
    made: list[int] = []
    network = voice._speaker._network  # type: ignore[union-attr]
    hooks = [
        network.lower.embed_tokens.register_forward_hook(
            lambda _, given, __: read.append(given[0].shape[1])
        ),
        network.connector.register_forward_hook(lambda *_: made.append(1)),
    ]
    speech = voice.speak("Hello there, this is said at once.", Turn(1))
    try:
        first = next(speech)
        before = sum(read), len(made)
        list(speech)
    finally:
        for hook in hooks:
            hook.remove()
    assert len(first.audio.samples) == LATENT_SAMPLES
    assert before == (5, 1)
    assert len(made) > 1


def test_voices_sound_different_and_the_seed_decides(voice: VibeVoice, vibevoice: Path) -> None:
    assert VibeVoice.speakers(str(vibevoice)) == VOICES
    first = sound(spoken(voice))
    np.testing.assert_array_equal(first, sound(spoken(voice)))
    for change in ({"seed": 2}, {"seed": 1, "voice": VOICES[2]}, {"voice": "", "guidance": 3.0}):
        voice.configure(**change)
        assert not np.array_equal(first, sound(spoken(voice)))
    with pytest.raises(ConfigInvalid, match="no voice 'Nobody'") as refused:
        voice.configure(voice="Nobody")
    assert VOICES[0] in refused.value.hint


def test_a_changed_prompt_is_read_again(vibevoice: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(vibevoice, tmp_path / "copy")
    voice = VibeVoice(model=str(copy), threads=1)
    before = sound(spoken(voice, "Hello there, my friend."))
    write_voice(copy / f"{VOICES[1]}.pt", random_voice(9))
    voice.configure(voice="")
    assert not np.array_equal(before, sound(spoken(voice, "Hello there, my friend.")))
    voice.close()


@pytest.mark.parametrize(("speed", "factor"), [(0.5, 2.0), (2.0, 0.5)])
def test_speed(voice: VibeVoice, speed: float, factor: float) -> None:
    voice.configure(volume=0.5)
    usual = len(sound(spoken(voice)))
    voice.configure(speed=speed)
    assert len(sound(spoken(voice))) == pytest.approx(usual * factor, rel=0.1)


@pytest.mark.parametrize("options", [{"pitch": 12.0}, {"pitch": -12.0}, {"expressiveness": 0.0}])
def test_pitch_and_expressiveness_change_the_sound_and_not_its_length(
    voice: VibeVoice, options: dict[str, Any]
) -> None:
    usual = sound(spoken(voice))
    voice.configure(**options)
    changed = sound(spoken(voice))
    assert len(changed) == len(usual)
    assert not np.allclose(changed, usual, atol=1e-3)


def test_long_texts_are_spoken_in_passages(voice: VibeVoice) -> None:
    text = " ".join([SENTENCE] * 25)
    check_words_in_time(spoken(voice, text), text)


def test_a_cancelled_turn_ends_it_before_the_next_layer(voice: VibeVoice) -> None:
    turn, passed = Turn(1), 0
    network = voice._speaker._network  # type: ignore[union-attr]

    def count(*_: Any) -> None:
        nonlocal passed
        passed += 1
        if passed == 20:
            turn.cancel()

    stopping = [*network.upper.layers, *network.lower.layers, network.head.layers[0]]
    stopping += [block for stage in network.decoder.stages for block in stage.blocks]
    hooks = [layer.register_forward_hook(count) for layer in stopping]
    hooks += [block.ffn.register_forward_hook(count) for block in stopping if hasattr(block, "ffn")]
    try:
        with pytest.raises(TurnCancelled):
            list(voice.speak(SENTENCE, turn))
        ended = passed
        check_words_in_time(spoken(voice), SENTENCE)
    finally:
        for hook in hooks:
            hook.remove()
    assert 20 <= ended <= 22
    assert passed > 100


def test_damaged_files_are_one_sentence(vibevoice: Path, tmp_path: Path) -> None:
    def refused(name: str, content: bytes, words: str, kind: type = InputInvalid) -> None:
        copy = shutil.copytree(vibevoice, tmp_path / "copy")
        (copy / name).write_bytes(content)
        with pytest.raises(kind, match=words) as error:
            VibeVoice(model=str(copy), threads=1)
        assert error.value.hint
        shutil.rmtree(copy)

    weights = (vibevoice / "model.safetensors").read_bytes()
    refused("model.safetensors", weights[:-4], "damaged: it is cut off")
    refused("model.safetensors", b"", "damaged")
    refused("config.json", b"{", "not that of a VibeVoice-Realtime")
    refused("tokenizer.json", b"{}", "tokenizer .* is damaged")
    refused("en-Ada_woman.pt", b"PK", "en-Ada_woman.pt is damaged")


def test_weights_of_another_network(vibevoice: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(vibevoice, tmp_path / "copy")
    weights = random_weights()
    weights["model.acoustic_connector.fc1.weight"] = np.zeros((32, 9), np.float32)
    write_safetensors(copy / "model.safetensors", weights)
    with pytest.raises(InputInvalid, match="not a checkpoint of VibeVoice-Realtime") as refused:
        VibeVoice(model=str(copy), threads=1)
    assert "1.5B" in refused.value.hint
    for name in ("model.safetensors", "tokenizer.json"):
        (copy / name).unlink()
        with pytest.raises(ModelMissing):
            VibeVoice(model=str(copy), threads=1)


def test_no_card_is_said(vibevoice: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a card")
    with pytest.raises(DeviceUnavailable, match="graphics card"):
        VibeVoice(model=str(vibevoice), device="cuda")


def test_weights_by_the_names_of_transformers_sound_the_same(
    voice: VibeVoice, tmp_path: Path
) -> None:
    folder = write_vibevoice(tmp_path / "renamed")
    write_safetensors(folder / "model.safetensors", renamed(random_weights()))
    other = VibeVoice(model=str(folder), threads=1)
    np.testing.assert_array_equal(sound(spoken(other)), sound(spoken(voice)))
    other.close()


def renamed(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Microsoft's names to transformers', by the steps of its conversion."""
    steps = (
        ("prediction_head.t_embedder.mlp.0.", "diffusion_head.timestep_proj.fc1."),
        ("prediction_head.t_embedder.mlp.2.", "diffusion_head.timestep_proj.fc2."),
        ("prediction_head.", "diffusion_head."),
        ("final_layer.adaLN_modulation.1.", "final_layer.linear_1."),
        ("final_layer.linear.", "final_layer.linear_2."),
        ("adaLN_modulation.1.", "linear."),
        ("acoustic_connector.fc1.", "multi_modal_projector.linear_1."),
        ("acoustic_connector.norm.", "multi_modal_projector.act."),
        ("acoustic_connector.fc2.", "multi_modal_projector.linear_2."),
        ("speech_scaling_factor", "latent_scaling_factor"),
        ("speech_bias_factor", "latent_bias_factor"),
        ("acoustic_tokenizer.decoder.upsample_layers.0.0.conv.", "audio_tower.decoder.stem.conv."),
        ("acoustic_tokenizer.decoder.stages.0.", "audio_tower.decoder.stem.stage."),
        ("acoustic_tokenizer.decoder.head.conv.", "audio_tower.decoder.head."),
        ("mixer.conv.conv.conv.", "mixer.conv."),
    )
    later = [
        (f"acoustic_tokenizer.decoder.{old.format(n)}", f"audio_tower.decoder.conv_layers.{new}")
        for n in range(1, 7)
        for old, new in (
            ("upsample_layers.{}.0.convtr.", f"{n - 1}.convtr."),
            ("stages.{}.", f"{n - 1}.stage."),
        )
    ]
    made = {}
    for key, values in weights.items():
        for old, new in (*steps, *later):
            key = key.replace(old, new)
        made[key] = values
    assert not any("acoustic" in key or "prediction" in key for key in made)
    return made
