"""Tiny true models of transformers with random weights, and the warnings of libraries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from avatar_app.multimodal.libraries import prepare

prepare()
sys.path.insert(0, str(Path(__file__).parents[2] / "training" / "injection"))


def pytest_configure(config: pytest.Config) -> None:
    for line in ("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"):
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session")
def llama() -> Any:
    """A Llama of four layers that are 32 wide, with 90 tokens."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(3)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=90,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=0,
        )
    ).eval()


@pytest.fixture(scope="session")
def gpt2() -> Any:
    """A model of another family, whose layers have other names."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(4)
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=90, n_embd=32, n_layer=3, n_head=4, n_positions=64,
            bos_token_id=1, eos_token_id=2,
        )
    ).eval()  # fmt: skip


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """Words of a few sentences, each a token; with control tokens."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    spoken = (
        "set a timer for minutes add note to the list notes what is weather in city send mail "
        "person convert units of number look at picture with camera undo last act search "
        "repository issues read file content play music and in user"
    )
    words = ["<pad>", "<s>", "</s>", "<unk>", *dict.fromkeys(spoken.split())]
    backend = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, "<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", bos_token="<s>", eos_token="</s>",
        unk_token="<unk>",
    )  # fmt: skip
