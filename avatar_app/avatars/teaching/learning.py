"""Learns what leads from inputs to values: a line, and a small network for what it misses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from avatar_app.avatars.teaching.basis import Floats
from avatar_app.avatars.teaching.network import DenseNetwork
from avatar_app.core.jobs import Job
from avatar_app.engines.face.taught.mixture import Dense

_SEED = 20
_WHITE = 255.0
_RIDGE = 0.1
"""How much the linear map is held small, in variances of the inputs."""
_FIRST_VOICE = 0.1
"""The network starts as a whisper beside the linear map."""
_LOOK = 20
"""Steps between two looks at the job."""
_TINY = 1e-6


class Lesson(NamedTuple):
    """What was learned: see `Mixture`."""

    linear: Dense
    layers: tuple[Dense, ...]


@dataclass(frozen=True, slots=True)
class Study:
    """How something is learned."""

    widths: Sequence[int]
    epochs: int
    batch: int
    rate: float
    """The first learning rate; it falls to nothing as a cosine."""
    ridge: float = _RIDGE


def learned(inputs: Floats, targets: Floats, study: Study, job: Job[Any]) -> Lesson:
    """Return what leads from inputs, (n, inputs), to targets, (n, values). Raises JobCancelled."""
    middle, spread = inputs.mean(axis=0), np.float32(max(float(inputs.std()), _TINY))
    normal = (inputs - middle) / spread
    line = ridge(normal, targets, study.ridge)
    missed = targets - (normal @ line.weight + line.bias)
    scale = np.float32(max(float(missed.std(axis=0).max()), _TINY))
    network = _network(normal, missed / scale, study, job)
    layers = [Dense(*network.weights[i : i + 2]) for i in range(0, len(network.weights), 2)]
    layers[-1] = Dense(layers[-1].weight * scale, layers[-1].bias * scale)
    layers[0] = _denormalized(layers[0], middle, spread)
    return Lesson(_denormalized(line, middle, spread), tuple(layers))


def _network(inputs: Floats, targets: Floats, study: Study, job: Job[Any]) -> DenseNetwork:
    rng = np.random.default_rng(_SEED)
    network = DenseNetwork((inputs.shape[1], *study.widths, targets.shape[1]), rng)
    network.weights[-2] *= _FIRST_VOICE
    steps, done = study.epochs * -(-len(inputs) // study.batch), 0
    for _ in range(study.epochs):
        order = rng.permutation(len(inputs))
        for begin in range(0, len(order), study.batch):
            chosen = order[begin : begin + study.batch]
            rate = study.rate * 0.5 * (1 + np.cos(np.pi * done / steps))
            network.learn(inputs[chosen], targets[chosen], rate)
            if done % _LOOK == 0:
                job.report(done / steps, "Learning")
            done += 1
    return network


def ridge(inputs: Floats, targets: Floats, held: float = _RIDGE) -> Dense:
    """Return the linear map with the least squared error (Hoerl & Kennard, "Ridge Regression",
    1970). `held`: how much it is held small, in variances of the inputs."""
    known = np.concatenate([inputs, np.ones((len(inputs), 1), np.float32)], axis=1)
    products = (known.T @ known).astype(np.float64)
    products[np.diag_indices(inputs.shape[1])] += held * len(inputs)
    found = np.linalg.solve(products, (known.T @ targets).astype(np.float64))
    return Dense(found[:-1].astype(np.float32), found[-1].astype(np.float32))


def _denormalized(layer: Dense, middle: Floats, spread: np.float32) -> Dense:
    """Return the layer for inputs as they are."""
    weight = layer.weight / spread
    return Dense(weight, layer.bias - middle @ weight)


def psnr_of(mean_square: float) -> float:
    """Return the peak signal-to-noise ratio in dB of a mean squared difference in levels; 99 for
    none."""
    return 99.0 if mean_square <= 0 else float(min(10 * np.log10(_WHITE**2 / mean_square), 99.0))
