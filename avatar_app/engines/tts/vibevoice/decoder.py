"""The decoder from latents to sound: causal convolutions that remember what they need, so that
streamed sound equals the whole (ConvNeXt blocks, https://arxiv.org/abs/2508.19205)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from avatar_app.engines.tts.vibevoice.shape import DecoderShape

_WIDER = 4
"""How much wider a block's inner layer is."""
Tails = dict[nn.Module, Any]
"""For each convolution the end of its last input."""


class CausalConv(nn.Conv1d):
    """A convolution that looks back only."""

    def stream(self, x: Any, tails: Tails) -> Any:
        """Return as many frames as `x`, shape (1, channels, frames), has."""
        return super().forward(_after_tail(self, x, self.kernel_size[0] - 1, tails))


class CausalUpsampling(nn.ConvTranspose1d):
    """A transposed convolution, twice as wide as its stride, that looks back only."""

    def stream(self, x: Any, tails: Tails) -> Any:
        """Return `stride` frames for each of `x`."""
        stride = self.stride[0]
        return super().forward(_after_tail(self, x, 1, tails))[..., stride:-stride]


class Block(nn.Module):
    """Mixes in time, then over channels."""

    def __init__(self, width: int, shape: DecoderShape) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width, shape.tiny)
        self.mixer = CausalConv(width, width, shape.kernel, groups=width)
        self.gamma = nn.Parameter(torch.ones(width))
        self.ffn_norm = nn.RMSNorm(width, shape.tiny)
        self.ffn = Expansion(width)
        self.ffn_gamma = nn.Parameter(torch.ones(width))

    def stream(self, x: Any, tails: Tails) -> Any:
        mixed = self.mixer.stream(self.norm(x.transpose(1, 2)).transpose(1, 2), tails)
        x = x + mixed * self.gamma[:, None]
        over = self.ffn(self.ffn_norm(x.transpose(1, 2))) * self.ffn_gamma
        return x + over.transpose(1, 2)


class Expansion(nn.Module):
    """A block's feed-forward part."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, _WIDER * width)
        self.linear2 = nn.Linear(_WIDER * width, width)

    def forward(self, x: Any) -> Any:
        return self.linear2(functional.gelu(self.linear1(x)))


class Stage(nn.Module):
    """One sampling rate of the decoder."""

    def __init__(self, up: nn.Module, width: int, depth: int, shape: DecoderShape) -> None:
        super().__init__()
        self.up = up
        self.blocks = nn.ModuleList(Block(width, shape) for _ in range(depth))

    def stream(self, x: Any, tails: Tails, check: Callable[[], None]) -> Any:
        x = self.up.stream(x, tails)
        for block in self.blocks:
            check()
            x = block.stream(x, tails)
        return x


class Decoder(nn.Module):
    """From latents to sound."""

    def __init__(self, latent: int, shape: DecoderShape) -> None:
        super().__init__()
        widths = [shape.filters * 2**power for power in reversed(range(len(shape.depths)))]
        ups = [
            CausalConv(latent, widths[0], shape.kernel),
            *(
                CausalUpsampling(width, width // 2, 2 * ratio, ratio)
                for width, ratio in zip(widths, shape.ratios, strict=False)
            ),
        ]
        self.stages = nn.ModuleList(
            Stage(up, width, depth, shape)
            for up, width, depth in zip(ups, widths, shape.depths, strict=True)
        )
        self.out = CausalConv(widths[-1], 1, shape.kernel)

    def stream(self, latents: Any, tails: Tails, check: Callable[[], None]) -> Any:
        """Return the samples of `latents`, shape (1, latent, count); those before are in `tails`,
        which is changed. `check` is called before each block."""
        x = latents
        for stage in self.stages:
            x = stage.stream(x, tails, check)
        return self.out.stream(x, tails).flatten()


def _after_tail(layer: Any, x: Any, length: int, tails: Tails) -> Any:
    """Return `x` after the last `length` frames before it, at first silence; keep its own end."""
    before = tails.get(layer)
    if before is None:
        before = x.new_zeros(x.shape[0], x.shape[1], length)
    joined = torch.cat((before, x), dim=-1)
    tails[layer] = joined[..., joined.shape[-1] - length :]
    return joined
