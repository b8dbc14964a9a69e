"""The diffusion head: guides noise to the next latent of the sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from avatar_app.engines.tts.vibevoice.layers import FeedForward
from avatar_app.engines.tts.vibevoice.shape import HeadShape
from avatar_app.engines.tts.vibevoice.solver import solve, steps_of

_WAVES = 256
"""Sines and cosines that encode a noise level."""
_SLOWEST = 10_000


class HeadLayer(nn.Module):
    """A layer that its condition moves, widens and weighs (adaptive normalization, DiT)."""

    def __init__(self, width: int, shape: HeadShape) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width, shape.tiny)
        self.ffn = FeedForward(width, shape.inner)
        self.modulation = nn.Linear(width, 3 * width, bias=False)

    def forward(self, x: Any, condition: Any) -> Any:
        move, widen, weight = self.modulation(functional.silu(condition)).chunk(3, dim=-1)
        return x + weight * self.ffn(self.norm(x) * (1 + widen) + move)


class LastLayer(nn.Module):
    """The layer to a latent's width."""

    def __init__(self, width: int, latent: int, shape: HeadShape) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width, shape.tiny, elementwise_affine=False)
        self.modulation = nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, latent, bias=False)

    def forward(self, x: Any, condition: Any) -> Any:
        move, widen = self.modulation(functional.silu(condition)).chunk(2, dim=-1)
        return self.out(self.norm(x) * (1 + widen) + move)


class DiffusionHead(nn.Module):
    """Predicts v of a noisy latent, given a state of the language model."""

    def __init__(self, width: int, latent: int, shape: HeadShape) -> None:
        super().__init__()
        self.noisy_images_proj = nn.Linear(latent, width, bias=False)
        self.cond_proj = nn.Linear(width, width, bias=False)
        self.time_1 = nn.Linear(_WAVES, width, bias=False)
        self.time_2 = nn.Linear(width, width, bias=False)
        self.layers = nn.ModuleList(HeadLayer(width, shape) for _ in range(shape.layers))
        self.last = LastLayer(width, latent, shape)

    def forward(self, noisy: Any, condition: Any) -> Any:
        """`condition`: a state that went through `cond_proj`, plus a noise level's code."""
        x = self.noisy_images_proj(noisy)
        for layer in self.layers:
            x = layer(x, condition)
        return self.last(x, condition)

    def time_codes(self, count: int) -> Any:
        """Return the codes of the noise levels of `count` steps, shape (count, width)."""
        weight = self.time_1.weight
        times = torch.tensor([step.time for step in steps_of(count)], device=weight.device)
        half = torch.arange(_WAVES // 2, dtype=torch.float32, device=weight.device)
        angles = torch.outer(times.float(), _SLOWEST ** (-half / (_WAVES // 2)))
        waves = torch.cat((angles.cos(), angles.sin()), dim=-1).to(weight.dtype)
        return self.time_2(functional.silu(self.time_1(waves)))

    def sample(
        self, states: Any, noise: Any, codes: Any, guidance: float, check: Callable[[], None]
    ) -> Any:
        """Return a latent (1, latent), in 32 bits. `states`, shape (2, width): the one that read
        the text, and the one that did not, from which `guidance` leads away
        (https://arxiv.org/abs/2207.12598)."""
        conditions = self.cond_proj(states)

        def velocity(latent: Any, index: int) -> Any:
            check()
            pair = latent.to(states.dtype).expand(2, -1)
            guided, free = self(pair, conditions + codes[index]).float().split(1)
            return free + guidance * (guided - free)

        return solve(noise, len(codes), velocity)
