"""Language models of one layer whose weights are set by hand: queries and keys are zero, so that
attention is the mean over the prompt, and one strong sign in it decides which answer is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
from avatar_app.bench.scripted.llama import split_pieces

WIDTH, HEADS, FORWARD = 384, 4, 32
"""One dimension for each token, and some that are free."""
END = 2
"""The token that ends an answer."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens, and those of each answer."""

    tokens: tuple[str, ...]
    types: tuple[int, ...]
    answers: tuple[range, ...]


def vocabulary(answers: Sequence[str], controls: Sequence[str] = ()) -> Vocabulary:
    """Return the tokens of some answers; `controls`: tokens of the template."""
    tokens = [NO_TOKEN, "<s>", "</s>", *BYTES, *controls]
    types = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * len(BYTES), *[CONTROL] * len(controls)]
    spoken = list[range]()
    for answer in answers:
        pieces = split_pieces(answer, tokens)
        spoken.append(range(len(tokens), len(tokens) + len(pieces)))
        tokens += pieces
    types += [NORMAL] * (len(tokens) - len(types))
    return Vocabulary(tuple(tokens), tuple(types), tuple(spoken))


def say_on(output: np.ndarray, answers: Sequence[range]) -> None:
    """Let each token of an answer be followed by the next, and the last one by the end."""
    for answer in answers:
        for token in answer:
            output[token + 1 if token + 1 in answer else END, token] = 40.0


def write_mean_attention(
    path: Path,
    words: Vocabulary,
    template: str,
    context: int,
    weights: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Write the model. `weights`: the output's, (tokens, WIDTH), and the attention's values and
    output, (WIDTH, WIDTH)."""
    shape = LlamaShape(WIDTH, HEADS, FORWARD, context)
    writer = new_llama(path, shape, words.tokens, words.types, begin=BEGIN, end=END)
    add_sentencepiece(writer, words.tokens, template, begins=True)
    finish(writer, _layer(len(words.tokens), *weights))


def _layer(
    tokens: int, output: np.ndarray, values: np.ndarray, copies: np.ndarray
) -> Mapping[str, np.ndarray]:
    ones = np.ones(WIDTH, np.float32)
    return {
        "token_embd.weight": np.eye(tokens, WIDTH, dtype=np.float32),
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


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)
