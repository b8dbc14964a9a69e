"""A tiny GGUF language model for llama.cpp that outputs chosen sentences."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from avatar_app.bench.scripted.gguf_file import (
    BEGIN,
    BYTE,
    BYTES,
    CONTROL,
    NO_TOKEN,
    NORMAL,
    UNKNOWN,
    LlamaShape,
    add_sentencepiece,
    finish,
    new_llama,
)

WIDTH = 256
"""Model width: one dimension per piece of the sentences, and one for everything else."""
HEAD, FORWARD = 32, 32
"""Widths inside a layer, which adds nothing: small, as prompts have thousands of tokens."""
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if messages[-1].role == 'tool' %}<|told|>{% endif %}{% endif %}"
)
"""ChatML. After a tool's result the answer begins at another token."""
SHAPES = MappingProxyType(
    {
        **dict.fromkeys(("attn_q", "attn_k", "attn_v"), (HEAD, WIDTH)),
        "attn_output": (WIDTH, HEAD),
        **dict.fromkeys(("ffn_gate", "ffn_up"), (FORWARD, WIDTH)),
        "ffn_down": (WIDTH, FORWARD),
    }
)
"""Of a layer's matrices: outputs, inputs."""
START, END, TOLD = "<|im_start|>", "<|im_end|>", "<|told|>"


def write_llama(
    path: Path,
    answer: str,
    *,
    result: str = "",
    template: str = TEMPLATE,
    context: int = 2048,
    layers: int = 1,
) -> Path:
    """Write a model that answers `answer`; after a tool's result, `result`."""
    tokens = [NO_TOKEN, "<s>", "</s>", *BYTES]
    types = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256]
    tokens += [START, END, TOLD]
    types += [CONTROL] * 3
    first = {}
    follows: list[tuple[int, int]] = []
    for start, text in ((START, answer), *([(TOLD, result)] if result else [])):
        pieces = split_pieces(text, tokens)
        begin = len(tokens)
        first[start] = begin
        tokens += pieces
        types += [NORMAL] * len(pieces)
        follows += [(at, at + 1) for at in range(begin, begin + len(pieces) - 1)]
        follows.append((begin + len(pieces) - 1, tokens.index(END)))
    if result:
        follows.append((tokens.index(TOLD), first[TOLD]))
    shape = LlamaShape(WIDTH, 1, FORWARD, context, layers, HEAD)
    writer = new_llama(path, shape, tokens, types, begin=BEGIN, end=tokens.index(END))
    add_sentencepiece(writer, tokens, template, begins=False)
    finish(writer, _weights(len(tokens), follows, first[START], layers))
    return path


def split_pieces(text: str, taken: Container[str]) -> list[str]:
    """Split a text into unique pieces, so that each leads to one other: a word that is repeated is
    split, in another place each time."""
    pieces: list[str] = []
    for word in re.findall(r"\s?\S+", text.replace("\n", " ")):
        word = word.replace(" ", "▁")
        ways = [[word], *([word[:at], word[at:]] for at in range(1, len(word)))]
        free = (way for way in ways if not any(each in taken or each in pieces for each in way))
        pieces += next(free)
    return pieces


def _weights(
    count: int, follows: list[tuple[int, int]], first: int, layers: int
) -> Mapping[str, np.ndarray]:
    """Build weights that pass the last token's embedding through; its row of the output is the next
    one."""
    embeddings = np.zeros((count, WIDTH), np.float32)
    output = np.zeros((count, WIDTH), np.float32)
    embeddings[:, 0] = 1.0  # every other token leads to the first piece
    output[first, 0] = 10.0
    for place, (before, after) in enumerate(follows, 1):
        embeddings[before] = 0.0
        embeddings[before, place] = 1.0
        output[after, place] = 10.0
    ones = np.ones(WIDTH, np.float32)
    weights = {
        "token_embd.weight": embeddings,
        "output_norm.weight": ones,
        "output.weight": output,
    }
    for layer in range(layers):
        block = f"blk.{layer}"
        weights |= {f"{block}.{name}_norm.weight": ones for name in ("attn", "ffn")}
        weights |= {
            f"{block}.{name}.weight": np.zeros(shape, np.float32) for name, shape in SHAPES.items()
        }
    return weights
