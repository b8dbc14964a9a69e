"""A tiny Voxtral in the true formats (GGUF, mmproj) that hears whether a sound is low or high.

The ear is Whisper's log-mel and two convolutions, which sum up the lower and the upper half of the
mel bands; the projector compares them and writes the louder one into a dimension of the language
model. There the attention takes the mean over the prompt, so that the sound decides the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.bench.scripted.llama import split_pieces

WIDTH, HEADS, FORWARD = 384, 4, 32
"""Of the language model: one dimension for each token, and some that are free."""
EAR, EAR_FORWARD, BANDS, STACK = 20, 64, 128, 4
"""Of the audio encoder; its width may be no power of two, or llama.cpp counts its tokens wrong."""
CONTROLS = (
    "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CONTENT]", "[TOOL_CALLS]",
    "[BEGIN_AUDIO]",
)  # fmt: skip
UNKNOWN, CONTROL, BYTE, NORMAL = 2, 3, 6, 1
END = 2
"""The token that ends an answer."""
DEVSTRAL = "{% for message in messages %}You write programs.{{ message.content }}{% endfor %}"
"""Published files carry another model's chat template."""


def write_voxtral(
    folder: Path,
    *,
    low: str = "That was low.",
    high: str = "I heard something high.",
    read: str = "You typed.",
    told: str = "It told me so.",
    context: int = 8192,
) -> Path:
    """Write both files and return their folder. The model answers `low` or `high` to what it hears,
    `read` where there is no sound, and `told` after a function's result."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_model(folder / "Voxtral-tiny.gguf", (low, high, read, told), context)
    _write_projector(folder / "mmproj-Voxtral-tiny.gguf")
    return folder


def _write_model(path: Path, answers: tuple[str, ...], context: int) -> None:
    import gguf

    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *CONTROLS]
    types = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256, *[CONTROL] * len(CONTROLS)]
    spoken: list[range] = []
    for answer in answers:
        pieces = split_pieces(answer, tokens)
        spoken.append(range(len(tokens), len(tokens) + len(pieces)))
        tokens += pieces
    types += [NORMAL] * (len(tokens) - len(types))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(END)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(value=True)
    writer.add_add_space_prefix(value=False)
    writer.add_chat_template(DEVSTRAL)
    _finish(writer, _thoughts(tokens, spoken))


def _thoughts(tokens: list[str], spoken: list[range]) -> Mapping[str, np.ndarray]:
    """Build the language model's weights. Queries and keys are zero: all tokens count alike."""
    low, high, read, told = spoken
    first, ones, zeros = low.start, np.ones(WIDTH, np.float32), _zeros
    embeddings = np.eye(len(tokens), WIDTH, dtype=np.float32)
    output = zeros(len(tokens), WIDTH)
    for begin in (low.start, high.start, read.start):
        output[begin, :first] = 1.0  # after any token that is no answer
    output[read.start, :first] += 0.05
    for begin, copied in ((low.start, -1), (high.start, -2)):
        output[begin, copied] = 8.0
    output[told.start, tokens.index("[/TOOL_RESULTS]")] = 40.0
    for answer in spoken:
        for token in answer:
            output[token + 1 if token + 1 in answer else END, token] = 40.0
    values, copies = zeros(WIDTH, WIDTH), zeros(WIDTH, WIDTH)
    for at in (1, 2):  # what was heard, as in `_write_projector`, is copied to the last dimensions
        values[at - 1, -2 - at] = 1.0
        copies[-at, at - 1] = 0.1
    return {
        "token_embd.weight": embeddings,
        "output.weight": output,
        "output_norm.weight": ones,
        "blk.0.attn_norm.weight": ones,
        "blk.0.ffn_norm.weight": ones,
        "blk.0.attn_q.weight": zeros(WIDTH, WIDTH),
        "blk.0.attn_k.weight": zeros(WIDTH, WIDTH),
        "blk.0.attn_v.weight": values,
        "blk.0.attn_output.weight": copies,
        "blk.0.ffn_gate.weight": zeros(FORWARD, WIDTH),
        "blk.0.ffn_up.weight": zeros(FORWARD, WIDTH),
        "blk.0.ffn_down.weight": zeros(WIDTH, FORWARD),
    }


def _write_projector(path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_bool("clip.has_vision_encoder", val=False)
    writer.add_bool("clip.has_audio_encoder", val=True)
    writer.add_bool("clip.use_gelu", val=True)
    writer.add_string("clip.audio.projector_type", "voxtral")
    for key, value in {
        "embedding_length": EAR,
        "feed_forward_length": EAR_FORWARD,
        "block_count": 1,
        "projection_dim": WIDTH,
        "num_mel_bins": BANDS,
        "attention.head_count": 2,
        "projector.stack_factor": STACK,
    }.items():
        writer.add_uint32(f"clip.audio.{key}", value)
    writer.add_float32("clip.audio.attention.layer_norm_epsilon", 1e-5)
    _finish(writer, _ear())


def _ear() -> Mapping[str, np.ndarray]:
    """Build the encoder, whose layer adds nothing, and the projector."""
    zeros = _zeros
    bands, halves, bias = zeros(EAR, BANDS, 3), zeros(EAR, EAR, 3), zeros(EAR, 1)
    for half in (0, 1):
        bands[half, half * BANDS // 2 : (half + 1) * BANDS // 2, 1] = 1 / 8
        halves[half, half, 1] = 1.0
        bias[half] = 8.0
    compare, place = zeros(32, STACK * EAR), zeros(WIDTH, 32)
    for frame in range(STACK):
        at = frame * EAR
        compare[0, at], compare[0, at + 1] = 2.0, -2.0
        compare[1, at], compare[1, at + 1] = -2.0, 2.0
    place[-3, 0] = place[-4, 1] = 2.0
    weights = {
        "a.conv1d.1.weight": bands.astype(np.float16),  # llama.cpp ends the process at float32
        "a.conv1d.1.bias": bias,
        "a.conv1d.2.weight": halves.astype(np.float16),
        "a.conv1d.2.bias": zeros(EAR, 1),
        "a.position_embd.weight": zeros(1500, EAR),
        "a.post_ln.weight": np.ones(EAR, np.float32),
        "a.post_ln.bias": zeros(EAR),
        "mm.a.mlp.1.weight": compare,
        "mm.a.mlp.1.bias": zeros(32),
        "mm.a.mlp.2.weight": place,
        "mm.a.mlp.2.bias": zeros(WIDTH),
        "a.blk.0.ffn_up.weight": zeros(EAR_FORWARD, EAR),
        "a.blk.0.ffn_up.bias": zeros(EAR_FORWARD),
        "a.blk.0.ffn_down.weight": zeros(EAR, EAR_FORWARD),
        "a.blk.0.ffn_down.bias": zeros(EAR),
    }
    for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
        weights[f"a.blk.0.{name}.weight"] = zeros(EAR, EAR)
        if name != "attn_k":
            weights[f"a.blk.0.{name}.bias"] = zeros(EAR)
    for name in ("ln1", "ln2"):
        weights[f"a.blk.0.{name}.weight"] = np.ones(EAR, np.float32)
        weights[f"a.blk.0.{name}.bias"] = zeros(EAR)
    return weights


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def _finish(writer: Any, weights: Mapping[str, np.ndarray]) -> None:
    for name, weight in weights.items():
        writer.add_tensor(name, np.ascontiguousarray(weight))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
