"""Tiny VibeVoice networks with random weights in the formats of their publishers, written without
PyTorch: they speak noise, but with true rates, windows and streaming."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from torch_files import DynamicCache, Output, write_objects
from wav2lip_parts import write_safetensors

FOLDER = Path(__file__).parents[1] / "data" / "vibevoice"
RATE = 24_000
LATENT_SAMPLES = 3200
VOICES = ("de-Spk0_man", "en-Ada_woman", "en-Bob_man")
BRANCHES = ("lm", "tts_lm", "neg_lm", "neg_tts_lm")
Arrays = dict[str, np.ndarray]

CONFIG: dict[str, Any] = {
    "model_type": "vibevoice_streaming",
    "tts_backbone_num_hidden_layers": 2,
    "acoustic_tokenizer_config": {
        "vae_dim": 8,
        "decoder_n_filters": 1,
        "encoder_ratios": [8, 5, 5, 4, 2, 2],
        "encoder_depths": "1-1-1-1-1-1-1",
        "layernorm_eps": 1e-5,
    },
    "decoder_config": {
        "vocab_size": 300,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000.0,
    },
    "diffusion_head_config": {"head_layers": 1, "head_ffn_ratio": 3.0, "rms_norm_eps": 1e-5},
}


def oracle() -> Arrays:
    """What Microsoft's code computed: see training/vibevoice/oracle.py."""
    with np.load(FOLDER / "oracle.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


def oracle_weights(arrays: Arrays) -> Arrays:
    start = "weights/"
    return {key[len(start) :]: arrays[key] for key in arrays if key.startswith(start)}


def write_oracle(folder: Path, arrays: Arrays) -> Path:
    """The network that Microsoft's code was asked, as it is published, with its voice."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(str(arrays["config"]))
    write_safetensors(folder / "model.safetensors", oracle_weights(arrays))
    write_tokenizer(folder / "tokenizer.json")
    branches = {
        name: (arrays[f"prompt/{name}/state"], *(arrays[f"prompt/{name}/{p}"] for p in PARTS))
        for name in BRANCHES
    }
    write_voice(folder / "en-Oracle_man.pt", branches)
    return folder


PARTS = ("keys", "values")


def write_vibevoice(folder: Path, *, seed: int = 1) -> Path:
    """A model as it lies on a disk: config.json, tokenizer.json, model.safetensors, voices."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    write_tokenizer(folder / "tokenizer.json")
    write_safetensors(folder / "model.safetensors", random_weights(seed))
    for number, name in enumerate(VOICES):
        write_voice(folder / f"{name}.pt", random_voice(number))
    return folder


def random_weights(seed: int = 1) -> Arrays:
    """By Microsoft's names."""
    chance = np.random.default_rng(seed)
    made = {}
    for name, shape in sorted(shapes().items()):
        values = chance.standard_normal(shape)
        if name.endswith(("norm.weight", "layernorm.weight")):
            values = 1 + 0.1 * values
        elif len(shape) > 1:
            values *= 1.2 / np.prod(shape[1:]) ** 0.5
        else:
            values *= 0.1
        made[name] = values.astype(np.float32)
    made["model.speech_scaling_factor"] = np.array(0.25, np.float32)
    made["model.speech_bias_factor"] = np.array(-0.1, np.float32)
    made["tts_eos_classifier.fc2.bias"][:] = ENDS_SELDOM
    made["model.acoustic_tokenizer.decoder.head.conv.conv.weight"] *= 0.03  # so that it is not cut
    return made


ENDS_SELDOM = -0.1
"""So that a speech lasts some seconds."""


def shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes in Microsoft's checkpoint for CONFIG."""
    found: dict[str, tuple[int, ...]] = {
        "model.language_model.embed_tokens.weight": (300, 32),
        "model.tts_language_model.embed_tokens.weight": (300, 32),  # nobody uses it
        "model.tts_language_model.norm.weight": (32,),
        "model.tts_input_types.weight": (2, 32),
        "model.speech_scaling_factor": (),
        "model.speech_bias_factor": (),
        "model.acoustic_connector.norm.weight": (32,),
    }
    for name, sizes in (
        ("model.acoustic_connector.fc1", (32, 8)),
        ("model.acoustic_connector.fc2", (32, 32)),
        ("tts_eos_classifier.fc1", (32, 32)),
        ("tts_eos_classifier.fc2", (1, 32)),
    ):
        found |= {f"{name}.weight": sizes, f"{name}.bias": sizes[:1]}
    for index in range(1):
        found |= _layer(f"model.language_model.layers.{index}")
    for index in range(2):
        found |= _layer(f"model.tts_language_model.layers.{index}")
    return found | dict(_head("model.prediction_head")) | dict(_decoder())


def _layer(name: str) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for part, rows in (("q_proj", 32), ("k_proj", 16), ("v_proj", 16)):
        found[f"{name}.self_attn.{part}.weight"] = (rows, 32)
        found[f"{name}.self_attn.{part}.bias"] = (rows,)
    found[f"{name}.self_attn.o_proj.weight"] = (32, 32)
    found |= {f"{name}.mlp.{part}_proj.weight": (48, 32) for part in ("gate", "up")}
    found[f"{name}.mlp.down_proj.weight"] = (32, 48)
    norms = ("input_layernorm", "post_attention_layernorm")
    return found | {f"{name}.{norm}.weight": (32,) for norm in norms}


def _head(name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.noisy_images_proj.weight", (32, 8)
    yield f"{name}.cond_proj.weight", (32, 32)
    yield f"{name}.t_embedder.mlp.0.weight", (32, 256)
    yield f"{name}.t_embedder.mlp.2.weight", (32, 32)
    yield f"{name}.layers.0.norm.weight", (32,)
    yield f"{name}.layers.0.adaLN_modulation.1.weight", (96, 32)
    yield f"{name}.layers.0.ffn.gate_proj.weight", (96, 32)
    yield f"{name}.layers.0.ffn.up_proj.weight", (96, 32)
    yield f"{name}.layers.0.ffn.down_proj.weight", (32, 96)
    yield f"{name}.final_layer.adaLN_modulation.1.weight", (64, 32)
    yield f"{name}.final_layer.linear.weight", (8, 32)


def _decoder() -> Iterator[tuple[str, tuple[int, ...]]]:
    name, width = "model.acoustic_tokenizer.decoder", 64
    yield f"{name}.upsample_layers.0.0.conv.conv.weight", (width, 8, 7)
    yield f"{name}.upsample_layers.0.0.conv.conv.bias", (width,)
    ratios = CONFIG["acoustic_tokenizer_config"]["encoder_ratios"]
    for stage in range(len(ratios) + 1):
        block = f"{name}.stages.{stage}.0"
        yield from ((f"{block}.{norm}.weight", (width,)) for norm in ("norm", "ffn_norm"))
        yield from ((f"{block}.{gamma}", (width,)) for gamma in ("gamma", "ffn_gamma"))
        yield f"{block}.mixer.conv.conv.conv.weight", (width, 1, 7)
        yield f"{block}.mixer.conv.conv.conv.bias", (width,)
        yield f"{block}.ffn.linear1.weight", (4 * width, width)
        yield f"{block}.ffn.linear1.bias", (4 * width,)
        yield f"{block}.ffn.linear2.weight", (width, 4 * width)
        yield f"{block}.ffn.linear2.bias", (width,)
        if stage < len(ratios):
            up = f"{name}.upsample_layers.{stage + 1}.0.convtr.convtr"
            yield f"{up}.weight", (width, width // 2, 2 * ratios[stage])
            yield f"{up}.bias", (width // 2,)
            width //= 2
    yield f"{name}.head.conv.conv.weight", (1, 1, 7)
    yield f"{name}.head.conv.conv.bias", (1,)


Branches = dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
"""For each of BRANCHES the states (1, n, 32), keys and values (layers, 1, 2, n, 8)."""


def random_voice(seed: int) -> Branches:
    chance = np.random.default_rng(seed)
    lengths = {"lm": 6, "tts_lm": 9, "neg_lm": 1, "neg_tts_lm": 1}
    return {
        name: (
            chance.standard_normal((1, length, 32)).astype(np.float32),
            chance.standard_normal((2 if "tts" in name else 1, 1, 2, length, 8)).astype(np.float32),
            chance.standard_normal((2 if "tts" in name else 1, 1, 2, length, 8)).astype(np.float32),
        )
        for name, length in lengths.items()
    }


def write_voice(path: Path, branches: Branches) -> Path:
    """A voice prompt as Microsoft publishes them."""
    content = {
        name: Output(states, DynamicCache(list(keys), list(values)))
        for name, (states, keys, values) in branches.items()
    }
    return write_objects(path, content)


def write_tokenizer(path: Path) -> None:
    """One token for each byte: the kind of Qwen's, without its merged ones."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel

    numbers = {sign: index for index, sign in enumerate(sorted(ByteLevel.alphabet()))}
    tokenizer = Tokenizer(BPE(vocab=numbers, merges=[]))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.save(str(path))
