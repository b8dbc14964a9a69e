"""The network computes what Microsoft's code computes, and what transformers' parts do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from vibevoice_parts import Arrays

from avatar_app.engines.torchaudio_parts import import_torchaudio
from avatar_app.engines.tts.vibevoice.keys import name_of
from avatar_app.engines.tts.vibevoice.layers import Memory
from avatar_app.engines.tts.vibevoice.network import Manner, Network
from avatar_app.engines.tts.vibevoice.solver import steps_of
from avatar_app.engines.tts.vibevoice.speaker import Speaker

import_torchaudio()  # transformers imports it


def unchecked() -> None:
    """Never cancels."""


@pytest.fixture(scope="module")
def speaker(asked: Path) -> Speaker:
    loaded = Speaker(asked, "cpu")
    assert loaded.choose("") == "en-Oracle_man"
    return loaded


@pytest.fixture(scope="module")
def network(speaker: Speaker) -> Network:
    return speaker._network


def spoken(speaker: Speaker, answers: Arrays, most: int = 100) -> Iterator[tuple[Any, bool]]:
    noise = iter(torch.from_numpy(answers["noise"]).split(1))
    manner = Manner(float(answers["guidance"]), int(answers["steps"]), lambda: next(noise), most)
    assert speaker._prompt is not None
    return speaker._network.speak(answers["tokens"].tolist(), speaker._prompt, manner, unchecked)


def test_it_says_what_microsofts_code_says(speaker: Speaker, answers: Arrays) -> None:
    """Windows of text and sound, guidance, the solver, the decoder, and when it ends."""
    said = list(spoken(speaker, answers))
    assert [last for _, last in said] == [False] * (len(said) - 1) + [True]
    sound = torch.cat([samples for samples, _ in said]).numpy()
    assert len(sound) == len(answers["sound"])
    scale = np.abs(answers["sound"]).max()
    assert np.abs(sound - answers["sound"]).max() < 2e-4 * scale


def test_streamed_sound_is_the_whole(network: Network, answers: Arrays) -> None:
    latents = torch.from_numpy(answers["latents"])
    scaled = (latents / network.scaling - network.bias).T[None]
    scale = np.abs(answers["whole"]).max()
    for size in (1, 2, 7, len(latents)):
        tails: dict[Any, Any] = {}
        with torch.inference_mode():
            pieces = [
                network.decoder.stream(scaled[..., at : at + size], tails, unchecked)
                for at in range(0, len(latents), size)
            ]
        sound = torch.cat(pieces).numpy()
        assert np.abs(sound - answers["whole"]).max() < 2e-5 * scale


def test_it_ends_at_the_largest_number_of_latents(speaker: Speaker, answers: Arrays) -> None:
    said = list(spoken(speaker, answers, most=4))
    assert [last for _, last in said] == [False, False, False, True]


def test_a_voice_is_not_changed_by_speaking(speaker: Speaker, answers: Arrays) -> None:
    assert speaker._prompt is not None
    before = [each.length for each in (speaker._prompt.lower, speaker._prompt.upper)]
    first = [samples for samples, _ in spoken(speaker, answers)]
    again = [samples for samples, _ in spoken(speaker, answers)]
    assert [each.length for each in (speaker._prompt.lower, speaker._prompt.upper)] == before
    assert torch.equal(torch.cat(first), torch.cat(again))


def test_the_layers_are_those_of_qwen2(network: Network) -> None:
    """Two rows with memories of different lengths: each as alone in transformers' Qwen2Model."""
    from transformers import Qwen2Config, Qwen2Model

    shape = network.upper._shape
    config = Qwen2Config(
        vocab_size=8, hidden_size=shape.width, intermediate_size=shape.inner,
        num_hidden_layers=3, num_attention_heads=shape.heads,
        num_key_value_heads=shape.shared_heads, rms_norm_eps=shape.tiny,
        max_position_embeddings=512, rope_theta=shape.turning,
    )  # fmt: skip
    theirs = Qwen2Model(config).eval()
    weights = network.upper.state_dict() | {"embed_tokens.weight": torch.zeros(8, shape.width)}
    theirs.load_state_dict(weights)
    chance = torch.Generator().manual_seed(1)
    pasts = [torch.randn(1, length, shape.width, generator=chance) for length in (5, 1)]
    now = torch.randn(2, 3, shape.width, generator=chance)
    nothing = torch.zeros(1, shape.shared_heads, 0, shape.head_width)
    memories = [Memory([nothing] * 3, [nothing] * 3) for _ in pasts]
    with torch.inference_mode():
        for past, memory in zip(pasts, memories, strict=True):
            network.upper(past, (memory,), unchecked)
        ours = network.upper(now, memories, unchecked)
        for row, past in enumerate(pasts):
            whole = torch.cat((past, now[row : row + 1]), dim=1)
            expected = theirs(inputs_embeds=whole).last_hidden_state[0, -3:]
            torch.testing.assert_close(ours[row], expected, atol=2e-5, rtol=1e-4)


def test_the_decoder_is_that_of_transformers(network: Network, answers: Arrays) -> None:
    """Its weights by its own names, through the same rules as a checkpoint's."""
    import transformers

    config = transformers.VibeVoiceAcousticTokenizerConfig(
        hidden_size=8, num_filters=4, downsampling_ratios=[4, 5], depths=[1, 1, 2]
    )
    theirs = transformers.VibeVoiceAcousticTokenizerModel(config).eval().decoder
    ours = network.decoder.state_dict()
    given = {key: ours[renamed(f"audio_tower.decoder.{key}")] for key in theirs.state_dict()}
    assert len(given) == len(ours)
    theirs.load_state_dict(given)
    latents = torch.from_numpy(answers["latents"]).T[None]
    with torch.inference_mode():
        expected = theirs(latents).audio
        sound = network.decoder.stream(latents, {}, unchecked)
    torch.testing.assert_close(sound, expected.flatten(), atol=1e-4, rtol=1e-4)


def renamed(key: str) -> str:
    name = name_of(key)
    assert name is not None
    return name.removeprefix("decoder.")


def test_the_head_is_that_of_transformers(network: Network) -> None:
    """Of VibeVoice's larger models, which have the same kind of head."""
    from transformers.models.vibevoice import modeling_vibevoice

    head = SimpleNamespace(
        hidden_size=32, latent_size=8, num_hidden_layers=2, intermediate_size=96,
        rms_norm_eps=1e-5, hidden_act="silu", frequency_embedding_size=256,
        diffusion_max_period=10_000, mlp_bias=False,
    )  # fmt: skip
    theirs = modeling_vibevoice.VibeVoiceDiffusionHead(head).eval()
    ours = network.head.state_dict()
    named = {key: name_of(f"diffusion_head.{key}") for key in theirs.state_dict()}
    given = {key: ours[name.removeprefix("head.")] for key, name in named.items() if name}
    assert len(given) == len(ours)
    theirs.load_state_dict(given, strict=False)
    chance = torch.Generator().manual_seed(1)
    noisy, state = torch.randn(1, 8, generator=chance), torch.randn(1, 32, generator=chance)
    with torch.inference_mode():
        codes = network.head.time_codes(5)
        for index, step in enumerate(steps_of(5)):
            expected = theirs(noisy, torch.tensor([float(step.time)]), state)
            made = network.head(noisy, network.head.cond_proj(state) + codes[index])
            torch.testing.assert_close(made, expected, atol=1e-5, rtol=1e-4)
