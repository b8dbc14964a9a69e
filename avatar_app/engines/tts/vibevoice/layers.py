"""The layers of the language model, as in Qwen2.5 (https://arxiv.org/abs/2412.15115).

Rows of a batch are computed together but remember apart: what guides the sound and what does not
has read different things, and the weights, of which each step reads all, are then read once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from avatar_app.engines.tts.vibevoice.shape import LayerShape


class Memory:
    """The keys and values that the layers computed of everything that one row has read."""

    def __init__(self, keys: Sequence[Any], values: Sequence[Any]) -> None:
        """One of each per layer, shape (1, shared heads, length, head width)."""
        self._keys, self._values = list(keys), list(values)

    @property
    def length(self) -> int:
        return int(self._keys[0].shape[2])

    def add(self, layer: int, keys: Any, values: Any) -> tuple[Any, Any]:
        """Append to a layer, and return all it remembers."""
        self._keys[layer] = torch.cat((self._keys[layer], keys), dim=2)
        self._values[layer] = torch.cat((self._values[layer], values), dim=2)
        return self._keys[layer], self._values[layer]

    def copy(self) -> Memory:
        """Return a memory that continues alone."""
        return Memory(self._keys, self._values)


class Attention(nn.Module):
    """Looks back, with fewer heads of keys and values than of questions (GQA)."""

    def __init__(self, shape: LayerShape, index: int) -> None:
        super().__init__()
        self._index, self._width = index, shape.head_width
        asked, shared = shape.heads * shape.head_width, shape.shared_heads * shape.head_width
        self.q_proj = nn.Linear(shape.width, asked)
        self.k_proj = nn.Linear(shape.width, shared)
        self.v_proj = nn.Linear(shape.width, shared)
        self.o_proj = nn.Linear(asked, shape.width, bias=False)

    def forward(self, x: Any, angles: Sequence[Any], memories: Sequence[Memory]) -> Any:
        asked, keys, values = (
            part(x).unflatten(-1, (-1, self._width)).transpose(1, 2)
            for part in (self.q_proj, self.k_proj, self.v_proj)
        )
        seen = [
            self._look(asked[row], keys[row], values[row], angles[row], memory)
            for row, memory in enumerate(memories)
        ]
        return self.o_proj(torch.cat(seen).transpose(1, 2).flatten(2))

    def _look(self, asked: Any, keys: Any, values: Any, angle: Any, memory: Memory) -> Any:
        """`asked`, `keys`, `values`: of one row, shape (heads, count, head width)."""
        count = asked.shape[1]
        all_keys, all_values = memory.add(self._index, _turned(keys, angle)[None], values[None])
        past = all_keys.shape[2] - count
        mask = None
        if count > 1:
            mask = torch.ones(count, past + count, dtype=torch.bool, device=asked.device)
            mask = mask.tril(past)
        groups = asked.shape[0] // keys.shape[0]
        return functional.scaled_dot_product_attention(
            _turned(asked, angle)[None],
            all_keys.repeat_interleave(groups, dim=1),
            all_values.repeat_interleave(groups, dim=1),
            attn_mask=mask,
        )


class FeedForward(nn.Module):
    """A gated layer without biases (SwiGLU)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias=False)
        self.up_proj = nn.Linear(width, inner, bias=False)
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x: Any) -> Any:
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """One layer of the language model."""

    def __init__(self, shape: LayerShape, index: int) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(shape.width, shape.tiny)
        self.self_attn = Attention(shape, index)
        self.post_attention_layernorm = nn.RMSNorm(shape.width, shape.tiny)
        self.mlp = FeedForward(shape.width, shape.inner)

    def forward(self, x: Any, angles: Sequence[Any], memories: Sequence[Memory]) -> Any:
        x = x + self.self_attn(self.input_layernorm(x), angles, memories)
        return x + self.mlp(self.post_attention_layernorm(x))


class Layers(nn.Module):
    """A stack of layers; the lower one has the vocabulary, the upper one a norm at its end."""

    def __init__(self, shape: LayerShape, count: int, *, words: int = 0) -> None:
        """`words`: tokens of the vocabulary; 0 for the upper stack."""
        super().__init__()
        self._shape = shape
        if words:
            self.embed_tokens = nn.Embedding(words, shape.width)
        self.layers = nn.ModuleList(Layer(shape, index) for index in range(count))
        self.norm = nn.Identity() if words else nn.RMSNorm(shape.width, shape.tiny)

    def forward(self, x: Any, memories: Sequence[Memory], check: Callable[[], None]) -> Any:
        """Return the states of `x`, shape (rows, count, width), and remember them; `check` is
        called before each layer."""
        angles = [self._angles(memory.length, x) for memory in memories]
        for layer in self.layers:
            check()
            x = layer(x, angles, memories)
        return self.norm(x)

    def _angles(self, start: int, x: Any) -> Any:
        """Return cosines and sines of rotary positions from `start`, each (count, head width)."""
        width = self._shape.head_width
        exponents = torch.arange(0, width, 2, dtype=torch.float32, device=x.device) / width
        places = torch.arange(start, start + x.shape[1], dtype=torch.float32, device=x.device)
        angles = torch.outer(places, 1 / self._shape.turning**exponents).repeat(1, 2)
        return angles.cos().to(x.dtype), angles.sin().to(x.dtype)


def _turned(x: Any, angle: tuple[Any, Any]) -> Any:
    """Turn pairs of numbers by their position (RoPE, https://arxiv.org/abs/2104.09864)."""
    cosines, sines = angle
    first, second = x.chunk(2, dim=-1)
    return x * cosines + torch.cat((-second, first), dim=-1) * sines
