"""The files of a VibeVoice are read without PyTorch, by the names of two publishers, and no prompt
runs code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from torch_files import DynamicCache, Hostile, Output, write_objects
from vibevoice_parts import (
    CONFIG,
    VOICES,
    Branches,
    oracle,
    oracle_weights,
    random_voice,
    write_voice,
)

from avatar_app.core.errors import ConfigInvalid, InputInvalid, ModelMissing
from avatar_app.engines.tts.vibevoice.engine import VibeVoice
from avatar_app.engines.tts.vibevoice.keys import name_of
from avatar_app.engines.tts.vibevoice.prompts import (
    choose_voice,
    language_of,
    read_prompt,
    voice_files,
)
from avatar_app.engines.tts.vibevoice.shape import Shape, read_shape
from avatar_app.engines.tts.vibevoice.solver import steps_of
from avatar_app.engines.tts.vibevoice.windows import most_latents, passages, windows

TRANSFORMERS = {
    "text_config": {
        "vocab_size": 300,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_theta": 1_000_000.0, "rope_type": "default"},
    },
    "tts_text_config": {"num_hidden_layers": 2},
    "audio_config": {
        "hidden_size": 8,
        "num_filters": 1,
        "upsampling_ratios": [8, 5, 5, 4, 2, 2],
        "depths": [1] * 7,
        "rms_norm_eps": 1e-5,
    },
    "diffusion_head_config": {
        "num_hidden_layers": 1,
        "intermediate_size": 96,
        "rms_norm_eps": 1e-5,
    },
}
"""CONFIG as the library transformers writes it."""
HEAD = ("model.prediction_head", "model.diffusion_head")
DECODER = ("model.acoustic_tokenizer.decoder", "model.audio_tower.decoder")
MODEL = ("model", "model")
PAIRS = (
    (HEAD, "t_embedder.mlp.2.weight", "timestep_proj.fc2.weight"),
    (HEAD, "t_embedder.mlp.0.weight", "timestep_embedder.layer_1.weight"),
    (HEAD, "layers.3.adaLN_modulation.1.weight", "layers.3.linear.weight"),
    (HEAD, "layers.3.ffn.up_proj.weight", "layers.3.ffn.up_proj.weight"),
    (HEAD, "final_layer.adaLN_modulation.1.weight", "final_layer.linear_1.weight"),
    (HEAD, "final_layer.linear.weight", "final_layer.linear_2.weight"),
    (DECODER, "upsample_layers.0.0.conv.conv.bias", "stem.conv.conv.bias"),
    (DECODER, "upsample_layers.6.0.convtr.convtr.bias", "conv_layers.5.convtr.convtr.bias"),
    (DECODER, "stages.0.7.mixer.conv.conv.conv.bias", "stem.stage.7.mixer.conv.bias"),
    (DECODER, "stages.0.7.ffn.linear1.bias", "stem.stage.7.ffn.linear1.bias"),
    (DECODER, "stages.2.1.mixer.conv.conv.conv.bias", "conv_layers.1.stage.1.mixer.conv.bias"),
    (DECODER, "stages.2.1.ffn_gamma", "conv_layers.1.stage.1.ffn_gamma"),
    (DECODER, "head.conv.conv.weight", "head.conv.weight"),
    (MODEL, "acoustic_connector.fc1.weight", "multi_modal_projector.linear_1.weight"),
    (MODEL, "acoustic_connector.norm.weight", "multi_modal_projector.act.weight"),
    (MODEL, "speech_scaling_factor", "latent_scaling_factor"),
    (("model", ""), "speech_bias_factor", "latent_bias_factor"),
    (MODEL, "tts_language_model.norm.weight", "tts_language_model.norm.weight"),
    (("", ""), "tts_eos_classifier.fc2.weight", "tts_eos_classifier.fc2.weight"),
)


@pytest.fixture(scope="module")
def shape() -> Shape:
    return shape_of(CONFIG)


def shape_of(config: dict[str, Any]) -> Shape:
    with TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(config))
        return read_shape(Path(folder))


def test_both_publishers_configurations_mean_the_same(shape: Shape) -> None:
    assert shape_of(TRANSFORMERS) == shape
    assert (shape.lower, shape.upper, shape.layer.head_width) == (1, 2, 8)


@pytest.mark.parametrize(("within", "original", "renamed"), PAIRS)
def test_both_publishers_keys_mean_the_same(
    within: tuple[str, str], original: str, renamed: str
) -> None:
    theirs, others = (
        name_of(f"{place}.{key}".lstrip("."))
        for place, key in zip(within, (original, renamed), strict=True)
    )
    assert theirs == others
    assert theirs not in (None, f"{within[0]}.{original}".lstrip("."))


def test_every_key_of_a_checkpoint_has_a_name_of_its_own() -> None:
    keys = oracle_weights(oracle())
    names = {key: name_of(key) for key in keys}
    dropped = {key for key, name in names.items() if name is None}
    assert dropped == {"model.tts_language_model.embed_tokens.weight"}
    kept = [name for name in names.values() if name is not None]
    assert len(set(kept)) == len(kept)
    assert {name.split(".")[0] for name in kept} == {
        "lower", "upper", "kinds", "connector", "head", "decoder", "ending", "scaling", "bias",
    }  # fmt: skip
    assert name_of("model.semantic_tokenizer.encoder.head.conv.conv.weight") not in kept


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("acoustic_tokenizer_config", "causal"), False, "causal"),
        (("acoustic_tokenizer_config", "encoder_depths"), "1-1", "2 stages do not fit 6 ratios"),
        (("decoder_config", "hidden_size"), 33, "33 does not fit 4 heads"),
        (("decoder_config", "vocab_size"), 10**12, "is no size"),
        (("tts_backbone_num_hidden_layers",), 3, "0 is no size"),
        (("diffusion_head_config",), None, "not that of a VibeVoice-Realtime"),
    ],
)
def test_a_configuration_that_does_not_fit_is_one_sentence(
    path: tuple[str, ...], value: Any, words: str
) -> None:
    config = json.loads(json.dumps(CONFIG))
    inner = config
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    with pytest.raises(InputInvalid, match=words) as refused:
        shape_of(config)
    assert refused.value.hint


def test_a_missing_model_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="No VibeVoice in"):
        VibeVoice(model=str(tmp_path))


def test_a_prompt_is_read_as_it_was_written(shape: Shape, tmp_path: Path) -> None:
    written = random_voice(3)
    read = read_prompt(write_voice(tmp_path / "a.pt", written), shape)
    for name, memory in (("lm", read.lower), ("tts_lm", read.upper), ("neg_tts_lm", read.free)):
        np.testing.assert_array_equal(np.stack(memory.keys), written[name][1])
        np.testing.assert_array_equal(np.stack(memory.values), written[name][2])
    np.testing.assert_array_equal(read.free_state, written["neg_tts_lm"][0][:, -1])


def _without(name: str) -> Callable[[Branches], Any]:
    return lambda written: {key: value for key, value in written.items() if key != name}


def _changed(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Branches], Any]:
    def make(written: Branches) -> Branches:
        states, keys, values = written[name]
        return written | {name: (states, change(keys), values)}

    return make


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_without("tts_lm"), "tts_lm is missing"),
        (_changed("lm", lambda keys: keys[:, :, :1]), "lm is that of another network"),
        (_changed("tts_lm", lambda keys: keys[:1]), "tts_lm is that of another network"),
        (_changed("neg_tts_lm", lambda keys: keys * np.inf), "no network remembers"),
        (_changed("tts_lm", lambda keys: keys * np.float32(1e9)), "no network remembers"),
    ],
)
def test_a_prompt_of_another_network_is_refused(
    change: Callable[[Branches], Any], words: str, shape: Shape, tmp_path: Path
) -> None:
    path = write_voice(tmp_path / "other.pt", change(random_voice(1)))
    with pytest.raises(InputInvalid, match=words):
        read_prompt(path, shape)


def test_no_prompt_runs_code(shape: Shape, tmp_path: Path) -> None:
    bait = tmp_path / "run"
    states, keys, values = random_voice(1)["lm"]
    cache = DynamicCache(list(keys), list(values))
    for content in (
        {"lm": Hostile(os.system, f"touch {bait}")},
        {"lm": Output(Hostile(os.system, f"touch {bait}"), cache)},  # type: ignore[arg-type]
        {"lm": Output(states, Hostile(os.system, f"touch {bait}"))},  # type: ignore[arg-type]
        Hostile(eval, f"open({str(bait)!r}, 'w')"),
    ):
        path = write_objects(tmp_path / "evil.pt", content)
        with pytest.raises(InputInvalid, match="loading it would run code") as refused:
            read_prompt(path, shape)
        assert "do not open this file" in refused.value.hint
    assert not bait.exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_prompt_cut_off_is_one_sentence(share: float, shape: Shape, tmp_path: Path) -> None:
    path = write_voice(tmp_path / "cut.pt", random_voice(1))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputInvalid, match=r"^cut.pt is damaged"):
        read_prompt(path, shape)


def test_voices_are_files_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    for place in (tmp_path / f"{VOICES[0]}.pt", *(tmp_path / "voices" / f"{v}.pt" for v in VOICES)):
        place.touch()
    assert tuple(voice_files(tmp_path)) == VOICES
    assert choose_voice(tmp_path, "").stem == "en-Ada_woman"
    assert choose_voice(tmp_path, "de-Spk0_man").parent == tmp_path / "voices"
    with pytest.raises(ConfigInvalid, match="no voice 'Nobody'") as refused:
        choose_voice(tmp_path, "Nobody")
    assert "en-Bob_man" in refused.value.hint
    with pytest.raises(ConfigInvalid, match="No voices"):
        choose_voice(tmp_path / "voices" / "none", "")


@pytest.mark.parametrize(
    ("voice", "chosen", "spoken"),
    [
        ("en-Ada_woman", "auto", "en"),
        ("in-Samuel_man", "auto", "en"),
        ("sp-Spk0_woman", "auto", "es"),
        ("jp-Spk0_man", "auto", "ja"),
        ("mine", "auto", "en"),
        ("de-Spk0_man", "fr", "fr"),
    ],
)
def test_a_voice_says_its_language(voice: str, chosen: str, spoken: str) -> None:
    assert language_of(voice, chosen) == spoken


def test_five_tokens_at_a_time_and_then_only_sound() -> None:
    assert [list(window) for window in islice(windows(range(12)), 5)] == [
        [0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11], [], [],
    ]  # fmt: skip
    assert most_latents(0) >= 6 * 7.5
    assert most_latents(100) > 2.5 * 100  # a token takes about a third of a second


@pytest.mark.parametrize("longest", [60, 600])
def test_passages_are_whole_sentences_and_hold_every_word(longest: int) -> None:
    text = "Hi. It is good that you came here today! Did you see the long river? Yes. No. So."
    found = passages(text, longest)
    assert [p.token for passage in found for p in passage.parts if p.token] == text.split()
    assert all(len(passage.spoken.split()) >= 4 for passage in found)
    assert all(passage.spoken[-1] in ".?!" for passage in found)
    assert len(found) == (1 if longest == 600 else 2)
    assert passages("🙂", longest)[0].parts[0].token == "🙂"
    assert passages(" ", longest) == []


@pytest.mark.parametrize("count", [2, 5, 10, 20])
def test_the_steps_go_from_noise_to_a_clean_latent(count: int) -> None:
    steps = steps_of(count)
    assert len(steps) == count
    assert steps[0].time == 999
    assert [step.time for step in steps] == sorted((step.time for step in steps), reverse=True)
    assert steps[0].noise > 0.999
    assert steps[0].trend == steps[-1].trend == 0
    assert (steps[-1].kept, steps[-1].clean) == (0, 1)
    for step in steps:
        assert step.signal**2 + step.noise**2 == pytest.approx(1)
