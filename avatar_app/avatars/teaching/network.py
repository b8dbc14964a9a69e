"""A network of dense layers that learns by Adam, in numpy: small enough to need nothing else.

Kingma & Ba, "Adam: A Method for Stochastic Optimization" (2015); initial weights after He et al.,
"Delving Deep into Rectifiers" (2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_KEEP, _KEEP_SQUARES, _TINY = np.float32(0.9), np.float32(0.999), np.float32(1e-8)


class DenseNetwork:
    """Rectified dense layers; the last one is linear."""

    def __init__(self, widths: Sequence[int], rng: np.random.Generator) -> None:
        """`widths`: numbers of inputs, of each hidden layer, and of outputs."""
        self.weights: list[Floats] = []
        """Weight (inputs, outputs) and bias (outputs,) of each layer, in turns."""
        for inputs, outputs in pairwise(widths):
            drawn = rng.standard_normal((inputs, outputs)) * (2 / inputs) ** 0.5
            self.weights += [drawn.astype(np.float32), np.zeros(outputs, np.float32)]
        self._means = [np.zeros_like(weight) for weight in self.weights]
        self._squares = [np.zeros_like(weight) for weight in self.weights]
        self._steps = 0

    @property
    def depth(self) -> int:
        return len(self.weights) // 2

    def outputs(self, inputs: Floats) -> Floats:
        """Return the outputs, (n, outputs), for inputs (n, inputs)."""
        return self._forward(inputs)[-1]

    def learn(self, inputs: Floats, targets: Floats, rate: float) -> float:
        """Take one step toward `targets`; returns the mean squared error before it."""
        values = self._forward(inputs)
        error = values[-1] - targets
        slope = error * np.float32(2 / len(error))
        gradients: list[Floats] = []
        for layer in reversed(range(self.depth)):
            gradients[:0] = [values[layer].T @ slope, slope.sum(axis=0)]
            if layer:
                slope = (slope @ self.weights[2 * layer].T) * (values[layer] > 0)
        self._descend(gradients, rate)
        return float(np.mean(error * error))

    def _forward(self, inputs: Floats) -> list[Floats]:
        """Return the inputs of each layer, and the outputs."""
        values = [inputs]
        for layer in range(self.depth):
            weight, bias = self.weights[2 * layer : 2 * layer + 2]
            value = values[-1] @ weight
            value += bias
            if layer + 1 < self.depth:
                np.maximum(value, 0, out=value)
            values.append(value)
        return values

    def _descend(self, gradients: list[Floats], rate: float) -> None:
        self._steps += 1
        bias = np.sqrt(1 - _KEEP_SQUARES**self._steps) / (1 - _KEEP**self._steps)
        step = np.float32(rate * bias)
        for weight, gradient, mean, square in zip(
            self.weights, gradients, self._means, self._squares, strict=True
        ):
            mean *= _KEEP
            mean += (1 - _KEEP) * gradient
            square *= _KEEP_SQUARES
            square += (1 - _KEEP_SQUARES) * gradient * gradient
            weight -= step * mean / (np.sqrt(square) + _TINY)
