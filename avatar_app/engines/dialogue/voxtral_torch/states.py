"""The state of a language model after a text in a file: its keys and values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from avatar_app.engines.diffusion.levels import Level

_TOKENS = "tokens"


def write_state(file: Path, tokens: Sequence[int], cache: Any) -> None:
    """Write what transformers' `DynamicCache` holds, which the tokens led to. Raises OSError."""
    import torch
    from safetensors.torch import save

    parts = {_TOKENS: torch.tensor(tokens)}
    for at, layer in enumerate(cache.layers):
        parts |= {f"{at}.keys": layer.keys, f"{at}.values": layer.values}
    file.write_bytes(save({name: part.contiguous() for name, part in parts.items()}))


def read_state(file: Path, level: Level) -> tuple[list[int], Any]:
    """Return the tokens and the `DynamicCache` of a file. Raises OSError or ValueError."""
    from safetensors import SafetensorError
    from safetensors.torch import load
    from transformers import DynamicCache

    try:
        parts = load(file.read_bytes())
        tokens = [int(each) for each in parts.pop(_TOKENS)]
        cache = DynamicCache()
        for at in range(len(parts) // 2):
            layer = (
                parts[f"{at}.{part}"].to(level.device, level.dtype) for part in ("keys", "values")
            )
            cache.update(*layer, at)
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise ValueError(f"{file.name} is no state of this model") from error
    if not tokens or cache.get_seq_length() != len(tokens):
        raise ValueError(f"{file.name} is no state of a text")
    return tokens, cache
