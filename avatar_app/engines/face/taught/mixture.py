"""What a student consists of: a small network that mixes the patterns of a basis.

A linear map of the inputs and a network beside it give the coefficients of principal components: so
it is small, and what it paints is as sharp as what it was taught with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from avatar_app.core.errors import InputInvalid

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]
HINT = "Teach the avatar again: avatar-app avatars teach NAME"
_BASIS, _MEAN, _LINEAR = "basis", "mean", "linear"
_MOST_LAYERS = 8
_MOST_WIDTH = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """One layer: x · weight + bias."""

    weight: Floats
    """(inputs, outputs)."""
    bias: Floats
    """(outputs,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """From inputs to values."""

    linear: Dense
    """From the inputs to coefficients of `basis`."""
    layers: tuple[Dense, ...]
    """Rectified, but the last one, whose outputs are added to those of `linear`."""
    basis: Floats
    """(coefficients, values)."""
    mean: Floats
    """(values,): without any coefficient."""

    @property
    def parameters(self) -> int:
        every = (self.linear, *self.layers)
        dense = sum(layer.weight.size + layer.bias.size for layer in every)
        return dense + self.basis.size + self.mean.size

    def values(self, inputs: Floats) -> Floats:
        """Return (n, values) for inputs (n, inputs): what the ONNX graph computes."""
        found = inputs
        for index, layer in enumerate(self.layers):
            found = found @ layer.weight + layer.bias
            if index + 1 < len(self.layers):
                found = np.maximum(found, 0)
        found = found + (inputs @ self.linear.weight + self.linear.bias)
        return np.asarray(found @ self.basis + self.mean, np.float32)

    def arrays(self, prefix: str = "") -> Arrays:
        """Return the weights by the names that `nodes` and `read_mixture` use."""
        found: Arrays = {prefix + _BASIS: self.basis, prefix + _MEAN: self.mean}
        named = {f"{prefix}layer_{index}": layer for index, layer in enumerate(self.layers)}
        for name, layer in {prefix + _LINEAR: self.linear, **named}.items():
            found |= dict(zip(_names(name), (layer.weight, layer.bias), strict=True))
        return found

    def nodes(self, source: str, target: str, prefix: str = "") -> list[onnx.NodeProto]:
        """Return the nodes that lead from `source`, (n, inputs), to `target`, (n, values)."""
        made, linear, first = [], prefix + _LINEAR, source
        for index in range(len(self.layers)):
            name = f"{prefix}layer_{index}"
            made.append(helper.make_node("Gemm", [source, *_names(name)], [name]))
            source = name
            if index + 1 < len(self.layers):
                made.append(helper.make_node("Relu", [source], [f"{source}.out"]))
                source = f"{source}.out"
        mixed = f"{prefix}coefficients"
        return [
            *made,
            helper.make_node("Gemm", [first, *_names(linear)], [linear]),
            helper.make_node("Add", [source, linear], [mixed]),
            helper.make_node("Gemm", [mixed, prefix + _BASIS, prefix + _MEAN], [target]),
        ]


def read_mixture(
    arrays: Mapping[str, NDArray[Any]], inputs: int, values: int, path: Path, prefix: str = ""
) -> Mixture:
    """Return the mixture that a file's `arrays` hold. Raises InputInvalid, naming `path`."""
    layers: list[Dense] = []
    width = inputs
    while (name := f"{prefix}layer_{len(layers)}") + ".weight" in arrays:
        if len(layers) >= _MOST_LAYERS:
            raise damaged(path, "it has far too many layers")
        outputs = arrays[f"{name}.weight"].shape[-1]
        if outputs > _MOST_WIDTH:
            raise damaged(path, "a layer is far too wide")
        layers.append(_dense(arrays, name, (width, outputs), path))
        width = outputs
    return Mixture(
        linear=_dense(arrays, prefix + _LINEAR, (inputs, width), path),
        layers=tuple(layers),
        basis=shaped(arrays, prefix + _BASIS, (width, values), path),
        mean=shaped(arrays, prefix + _MEAN, (values,), path),
    )


def shaped(
    arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...], path: Path
) -> Floats:
    """Return an array of finite numbers of this shape. Raises InputInvalid."""
    values = arrays.get(name)
    if values is None or values.shape != shape or values.dtype != np.float32:
        raise damaged(path, f"{name} is missing or of another shape")
    if not np.isfinite(values).all():
        raise damaged(path, f"{name} contains what is no number")
    return np.asarray(values, np.float32)


def damaged(path: Path, reason: str) -> InputInvalid:
    """Return the error for a student's file that cannot be used."""
    return InputInvalid(f"The file {path} is damaged: {reason}.", HINT)


def _dense(
    arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, int], path: Path
) -> Dense:
    weight, bias = _names(name)
    return Dense(shaped(arrays, weight, shape, path), shaped(arrays, bias, shape[1:], path))


def _names(layer: str) -> list[str]:
    return [f"{layer}.weight", f"{layer}.bias"]
