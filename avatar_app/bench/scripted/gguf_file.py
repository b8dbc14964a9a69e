"""Writes GGUF files: what all language models of Llama's architecture state, and their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gguf import GGUFWriter

NORMAL, UNKNOWN, CONTROL, USER, BYTE = 1, 2, 3, 4, 6
"""Types of tokens."""
NO_TOKEN = "<unk>"
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
"""Tokens of a vocabulary that SentencePiece made."""
BEGIN = 1
"""The token before a text in such a vocabulary."""


@dataclass(frozen=True, slots=True)
class LlamaShape:
    """The dimensions of a language model."""

    width: int
    heads: int
    forward: int
    """Width inside a layer."""
    context: int
    """Tokens."""
    layers: int = 1
    head: int | None = None
    """Width of a head; None: the heads share the model's width."""


def new_llama(
    path: Path,
    shape: LlamaShape,
    tokens: Sequence[str],
    types: Sequence[int],
    *,
    begin: int,
    end: int,
) -> GGUFWriter:
    """Return the writer of a model with a vocabulary, in which `begin` and `end` are the tokens
    around a text. The kind of tokenizer is still to be stated."""
    import gguf

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    if shape.head is not None:
        writer.add_key_length(shape.head)
        writer.add_value_length(shape.head)
    writer.add_rope_dimension_count(shape.head or shape.width // shape.heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_bos_token_id(begin)
    writer.add_eos_token_id(end)
    return writer


def add_sentencepiece(
    writer: GGUFWriter, tokens: Sequence[str], template: str, *, begins: bool
) -> None:
    """State that SentencePiece made the vocabulary, whose first token is NO_TOKEN. `begins`:
    whether each text begins with the token for that. `template`: of a chat."""
    writer.add_tokenizer_model("llama")
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_unk_token_id(tokens.index(NO_TOKEN))
    writer.add_add_bos_token(begins)
    writer.add_add_space_prefix(value=False)
    writer.add_chat_template(template)


def finish(writer: GGUFWriter, weights: Mapping[str, np.ndarray]) -> None:
    """Add the weights, by their names, and write the file."""
    for name, weight in weights.items():
        writer.add_tensor(name, np.ascontiguousarray(weight))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
