"""A tiny Voxtral in the files that Mistral publishes (config.json, tekken.json, safetensors), with
the weights of the tiny one for llama.cpp: it hears whether a sound is low or high."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.bench.scripted.mean_attention import FORWARD, HEADS, WIDTH, Vocabulary, zeros
from avatar_app.bench.scripted.voxtral import BANDS, EAR, STACK, build_ear, thoughts
from avatar_app.engines.diffusion.loading import prepare_libraries

prepare_libraries()

SPECIAL = 60
_NAMED = {
    0: "<unk>", 1: "<s>", 2: "</s>", 3: "[INST]", 4: "[/INST]", 5: "[AVAILABLE_TOOLS]",
    6: "[/AVAILABLE_TOOLS]", 7: "[TOOL_RESULTS]", 8: "[/TOOL_RESULTS]", 9: "[TOOL_CALLS]",
    10: "[IMG]", 11: "<pad>", 14: "[PREFIX]", 15: "[MIDDLE]", 16: "[SUFFIX]",
    17: "[SYSTEM_PROMPT]", 18: "[/SYSTEM_PROMPT]", 19: "[TOOL_CONTENT]",
    24: "[AUDIO]", 25: "[BEGIN_AUDIO]", 34: "[TRANSCRIBE]",
}  # fmt: skip
"""Tokens by their place in the published file."""
_ANSWERS = ("That was low.", "I heard something high.", "You typed.", "It told me so.")


def write_voxtral_folder(folder: Path, answers: tuple[str, str, str, str] = _ANSWERS) -> Path:
    """Write the files and return the folder. `answers`: to low and to high sounds, to what was
    typed, and after a function's result."""
    import torch
    from transformers import (
        VoxtralConfig,
        VoxtralEncoderConfig,
        VoxtralForConditionalGeneration,
        WhisperFeatureExtractor,
    )
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    folder.mkdir(parents=True, exist_ok=True)
    words = _vocabulary(answers)
    _write_tekken(folder / "tekken.json", words)
    ear = VoxtralEncoderConfig(
        hidden_size=EAR,
        intermediate_size=STACK * EAR,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_mel_bins=BANDS,
    )
    text = {
        "model_type": "llama",
        "vocab_size": len(words.tokens),
        "hidden_size": WIDTH,
        "intermediate_size": FORWARD,
        "num_hidden_layers": 1,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS,
        "head_dim": WIDTH // HEADS,
        "max_position_embeddings": 16384,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False,
    }
    config = VoxtralConfig(audio_config=ear.to_dict(), text_config=text, audio_token_id=24)
    network = VoxtralForConditionalGeneration(config)
    _set(network, words)
    network.to(torch.bfloat16).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=BANDS).save_pretrained(folder)
    return folder


def _vocabulary(answers: tuple[str, ...]) -> Vocabulary:
    names = [_NAMED.get(at, f"<SPECIAL_{at}>") for at in range(SPECIAL)]
    tokens, spoken = [*names, *(f"<0x{byte:02X}>" for byte in range(256))], list[range]()
    for answer in answers:
        pieces = [f"▁{word}" for word in answer.split()]  # no two alike, and none a byte
        spoken.append(range(len(tokens), len(tokens) + len(pieces)))
        tokens += pieces
    return Vocabulary(tuple(tokens), (), tuple(spoken))


def _write_tekken(file: Path, words: Vocabulary) -> None:
    texts = [piece.replace("▁", " ").encode() for piece in words.tokens[SPECIAL + 256 :]]
    content = {
        "config": {
            "pattern": r" ?[^\s]+|\s+",
            "num_vocab_tokens": 256 + len(texts),
            "default_vocab_size": len(words.tokens),
            "default_num_special_tokens": SPECIAL,
            "version": "v7",
        },
        "vocab": [
            {"rank": rank, "token_bytes": b64encode(text).decode(), "token_str": None}
            for rank, text in enumerate([*(bytes([each]) for each in range(256)), *texts])
        ],
        "special_tokens": [
            {"rank": rank, "token_str": name, "is_control": True}
            for rank, name in enumerate(words.tokens[:SPECIAL])
        ],
        "audio": {
            "sampling_rate": 16000,
            "frame_rate": 12.5,
            "audio_encoding_config": {"num_mel_bins": 128, "hop_length": 160, "window_size": 400},
            "chunk_length_s": 30.0,
        },
    }
    file.write_text(json.dumps(content), encoding="utf-8")


def _set(network: Any, words: Vocabulary) -> None:
    import torch

    output, values, copies = thoughts(words)
    ear, places = build_ear(), network.state_dict()
    for name, place in places.items():
        place.copy_(torch.ones_like(place) if "norm" in name else torch.zeros_like(place))
        if "norm" in name and name.endswith("bias"):
            place.zero_()
    compare, written = zeros(WIDTH, STACK * EAR), zeros(WIDTH, WIDTH)
    compare[:32], written[:, :32] = ear["mm.a.mlp.1.weight"], ear["mm.a.mlp.2.weight"]
    tower, text = "model.audio_tower", "model.language_model"
    weights: dict[str, np.ndarray] = {
        f"{tower}.conv1.weight": ear["a.conv1d.1.weight"],
        f"{tower}.conv1.bias": ear["a.conv1d.1.bias"][:, 0],
        f"{tower}.conv2.weight": ear["a.conv1d.2.weight"],
        "model.multi_modal_projector.linear_1.weight": compare,
        "model.multi_modal_projector.linear_2.weight": written,
        f"{text}.embed_tokens.weight": np.eye(len(words.tokens), WIDTH, dtype=np.float32),
        f"{text}.layers.0.self_attn.v_proj.weight": values,
        f"{text}.layers.0.self_attn.o_proj.weight": copies,
        "lm_head.weight": output,
    }
    for name, weight in weights.items():
        places[name].copy_(torch.from_numpy(weight.astype(np.float32)))
