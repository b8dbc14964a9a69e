"""A tiny Orpheus: a language model in the true format that writes chosen frames, and SNAC.

Its vocabulary has the true names, only fewer words: 256 bytes, the voices, and all 28,684 custom
tokens. Each token's embedding leads to the next token of the sequence, as in `scripted.llama`; the
attention passes on whether the text began with the name of a voice that says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from avatar_app.bench.scripted.gguf_file import (
    CONTROL,
    NORMAL,
    USER,
    LlamaShape,
    finish,
    new_llama,
)
from avatar_app.bench.scripted.snac import write_snac

CUSTOM = 28_684
"""Custom tokens of the true vocabulary: ten signs, seven times 4,096 codes, and two more."""
START, END, FIRST = 1, 2, 10
"""Numbers of custom tokens: before and after the sound, and its first code."""
HEADS, FORWARD = 4, 32
SPOKEN = tuple(tuple((37 * at + 11 * place) % 4096 for place in range(7)) for at in range(8))
"""What it says if nothing else is chosen: 0.7 seconds."""


def customs_of(frames: Sequence[Sequence[int]]) -> list[int]:
    """Return the custom tokens of frames."""
    return [FIRST + 4096 * place + code for frame in frames for place, code in enumerate(frame)]


def write_orpheus(
    folder: Path,
    customs: Sequence[int] = tuple(customs_of(SPOKEN)),
    *,
    loops: bool = False,
    mute: str = "",
    width: int = 32,
) -> Path:
    """Write a language model that writes the custom tokens `customs`, each of which must differ,
    and a decoder; returns the folder. `loops`: it begins again after the last one. `mute`: a voice
    that says nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    write_talker(folder / "orpheus-3b.gguf", customs, loops=loops, mute=mute)
    write_snac(folder / "snac_24khz_decoder.onnx", width)
    return folder


def write_talker(
    path: Path, customs: Sequence[int], *, loops: bool = False, mute: str = ""
) -> Path:
    """Write the language model alone."""
    tokens, merges = _vocabulary(mute)
    custom = len(tokens) - CUSTOM
    types = [*[NORMAL] * (custom - 2), CONTROL, CONTROL, *[USER] * CUSTOM]
    follows = [START, *customs, START if loops else END]
    width = -(-(len(customs) + 3) // 64) * 64
    shape = LlamaShape(width, HEADS, FORWARD, context=8192)
    writer = new_llama(path, shape, tokens, types, begin=custom - 2, end=custom - 1)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_merges(merges)
    writer.add_add_bos_token(value=True)
    silent = tokens.index(mute) if mute else None
    finish(writer, _weights(len(tokens), width, custom, follows, silent))
    return path


def _vocabulary(whole: str) -> tuple[list[str], list[str]]:
    """Return the names of all tokens, and the merges by which `whole` is a single one."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    tokens = [chr(byte) for byte in printable] + [chr(256 + at) for at in range(len(others))]
    beginnings = [whole[:end] for end in range(2, len(whole) + 1)]
    merges = [f"{each[:-1]} {each[-1]}" for each in beginnings] or ["a b"]
    tokens += beginnings or ["ab"]
    signs = ["<|begin_of_text|>", "<|eot_id|>"]
    return [*tokens, *signs, *(f"<custom_token_{n}>" for n in range(CUSTOM))], merges


def _weights(
    count: int, width: int, custom: int, follows: Sequence[int], silent: int | None
) -> Mapping[str, np.ndarray]:
    """Build weights: dimension k of the model means that the k-th of `follows` was written last,
    the last but one that the voice is silent, and the last that it was asked for."""
    asked, passed_on = width - 1, width - 2
    embeddings = np.zeros((count, width), np.float16)
    output = np.zeros((count, width), np.float16)
    for place, (before, after) in enumerate(pairwise(follows)):
        embeddings[custom + before, place] = 1
        output[custom + after, place] = 10
    value, passed = np.zeros((width, width), np.float32), np.zeros((width, width), np.float32)
    if silent is not None:
        embeddings[silent, asked] = 1
        output[custom + END, passed_on] = 100
        value[passed_on, asked] = 1
        passed[passed_on, passed_on] = 100
    ones, zeros = np.ones(width, np.float32), np.zeros((width, width), np.float32)
    narrow = np.zeros((FORWARD, width), np.float32)
    return {
        "token_embd.weight": embeddings,
        "output_norm.weight": ones,
        "output.weight": output,
        "blk.0.attn_norm.weight": ones,
        "blk.0.ffn_norm.weight": ones,
        "blk.0.attn_q.weight": zeros,
        "blk.0.attn_k.weight": zeros,
        "blk.0.attn_v.weight": value,
        "blk.0.attn_output.weight": passed,
        "blk.0.ffn_gate.weight": narrow,
        "blk.0.ffn_up.weight": narrow,
        "blk.0.ffn_down.weight": narrow.T,
    }
