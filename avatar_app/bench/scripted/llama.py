"""A tiny GGUF language model for llama.cpp that outputs chosen sentences."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

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
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


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
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
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
    _write(path, tokens, types, follows, first[START], template, context, layers)
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


def _write(
    path: Path,
    tokens: list[str],
    types: list[int],
    follows: list[tuple[int, int]],
    first: int,
    template: str,
    context: int,
    layers: int,
) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(FORWARD)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_rope_dimension_count(HEAD)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(tokens.index(END))
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(value=False)
    writer.add_add_space_prefix(value=False)
    writer.add_chat_template(template)
    for name, weight in _weights(len(tokens), follows, first, layers).items():
        writer.add_tensor(name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


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
