"""The steps from noise to a latent: DPM-Solver++ of second order, multistep, midpoint
(https://arxiv.org/abs/2211.01095), for a network that predicts v (https://arxiv.org/abs/2202.00512).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from avatar_app.core.values import Samples

_TIMES = 1000
"""Noise levels of the training."""
_MOST_NOISE = 0.999
"""Largest share of noise that one level adds."""
_OFFSET = 0.008


@dataclass(frozen=True, slots=True)
class Step:
    """One step; a latent is `signal` × clean + `noise` × noise before it."""

    time: int
    """The noise level, as in training."""
    signal: float
    noise: float
    kept: float
    """How much of the latent remains."""
    clean: float
    """How much of the predicted clean latent is added."""
    trend: float
    """How much of its change since the last step is added."""


@cache
def steps_of(count: int) -> tuple[Step, ...]:
    """Return `count` steps through the cosine schedule (https://arxiv.org/abs/2102.09672); the
    first and the last are of first order."""
    sigmas = _sigmas()
    times = np.linspace(0, _TIMES - 1, count + 1).round()[:0:-1].astype(int)
    levels = [_Level.of(float(sigma)) for sigma in [*sigmas[times], 0.0]]
    steps, before = [], None
    for index, (now, then) in enumerate(pairwise(levels)):
        clean = then.signal * (1 - _shrink(now, then))
        last = index == count - 1
        trend = 0.0
        if before is not None and not last:
            ratio = (now.clarity - before.clarity) / (then.clarity - now.clarity)
            trend = clean / (2 * ratio)
        kept = then.noise / now.noise
        steps.append(Step(int(times[index]), now.signal, now.noise, kept, clean, trend))
        before = now
    return tuple(steps)


def solve(noise: Any, count: int, velocity: Callable[[Any, int], Any]) -> Any:
    """Return the latent that `velocity`, of a noisy latent and the number of its step, leads
    `noise` to."""
    latent, before = noise, None
    for index, step in enumerate(steps_of(count)):
        clean = step.signal * latent - step.noise * velocity(latent, index)
        change = clean - before if before is not None else 0.0
        latent = step.kept * latent + step.clean * clean + step.trend * change
        before = clean
    return latent


@dataclass(frozen=True, slots=True)
class _Level:
    signal: float
    noise: float

    @classmethod
    def of(cls, sigma: float) -> _Level:
        """`sigma`: noise for each part of signal."""
        signal = 1 / (sigma**2 + 1) ** 0.5
        return cls(signal, sigma * signal)

    @property
    def clarity(self) -> float:
        """Half the logarithm of the signal-to-noise ratio."""
        return float(np.log(self.signal / self.noise))


def _shrink(now: _Level, then: _Level) -> float:
    """Return e to the power of the clarity now less the clarity then; 0 if no noise remains."""
    return (then.noise / then.signal) / (now.noise / now.signal)


def _sigmas() -> Samples:
    edges = np.arange(_TIMES + 1) / _TIMES
    passed = np.cos((edges + _OFFSET) / (1 + _OFFSET) * np.pi / 2) ** 2
    betas = np.minimum(1 - passed[1:] / passed[:-1], _MOST_NOISE).astype(np.float32)
    kept = np.cumprod(1 - betas, dtype=np.float32)
    return np.asarray(((1 - kept) / kept) ** 0.5, np.float32)
