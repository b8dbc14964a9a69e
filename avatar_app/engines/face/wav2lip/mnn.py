"""MNN: the fastest in exact numbers on processors without AVX-512, because it uses Winograd's way.

Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016): fewer multiplications for
the same sums, within some millionths.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx

from avatar_app.core.errors import EngineFailed, ModelMissing
from avatar_app.engines.face.wav2lip.model import Model
from avatar_app.engines.face.wav2lip.parts import Part, parts
from avatar_app.engines.face.wav2lip.runtime import (
    Choice,
    Feeds,
    Floats,
    Precision,
    give_back_memory,
    told,
)

_STDOUT, _STDERR = 1, 2
_SOURCE = "graph.onnx"
PART_BYTES = 24_000_000
"""Weights of a part, about: four parts, which together are as fast as the whole."""


class MnnSession:
    """https://mnn-docs.readthedocs.io; a `runtime.Session` of a graph with fixed shapes.

    The converter needs five times the memory of what it converts: it gets the graph in parts.
    """

    precision = Precision.FP32

    def __init__(self, model: Model, choice: Choice) -> None:
        self._outputs = [value.name for value in model.graph.output]
        shapes = {value.name: _shape(value) for value in model.graph.input}
        with told(), _quiet(), TemporaryDirectory(prefix="avatar-app-") as folder:
            self._expr, load = _loader(choice, Path(folder))
            self._inputs = {
                name: self._expr.placeholder(shape, self._expr.NCHW)
                for name, shape in shapes.items()
            }
            self._parts: list[_Loaded] = []
            made: dict[str, Any] = {}
            source = Path(folder) / _SOURCE
            for part in parts(model, source, PART_BYTES, lambda name: made[name].shape):
                self._parts.append(_Loaded(part.inputs, part.outputs, load(part)))
                made.update(self._computed())  # only now it reads the weights
                give_back_memory()

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        with told():
            for name, tensor in self._inputs.items():
                tensor.write(np.ascontiguousarray(feeds[name], np.float32))
            values = self._computed()
            planes = {name: values[name] for name in self._outputs}
            return {
                name: np.array(plane.read(), np.float32).reshape(plane.shape)
                for name, plane in planes.items()
            }

    def _computed(self) -> dict[str, Any]:
        """All that goes in and comes out of the parts, by name."""
        values = dict(self._inputs)
        for part in self._parts:
            outputs = part.network.forward([values[name] for name in part.inputs])
            for name, output in zip(part.outputs, outputs, strict=True):
                values[name] = self._expr.convert(output, self._expr.NCHW)
        return values


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A part of the graph, ready to run."""

    inputs: Sequence[str]
    outputs: Sequence[str]
    network: Any


def _loader(choice: Choice, folder: Path) -> tuple[Any, Callable[[Part], Any]]:
    """The package's expressions, and what loads a part; MNN reads files only."""
    try:
        import MNN.expr
        import MNN.nn

        converter = import_module("_tools")  # its wrapper, MNN.tools.mnnconvert, tells its maker
    except ImportError as error:
        raise ModelMissing(
            "MNN is not installed.", "Type: pip install MNN, or choose onnxruntime."
        ) from error
    settings = {
        "backend": "CPU",
        "numThread": choice.threads,
        "precision": "high",
        "memory": "normal",
    }
    manager = MNN.nn.create_runtime_manager((settings,))

    def load(part: Part) -> Any:
        target = folder / "graph.mnn"
        target.unlink(missing_ok=True)
        options = ["-f", "ONNX", "--modelFile", str(part.path), "--MNNModel", str(target)]
        apart = "--saveExternalData"  # else the weights are in memory once more
        converter.mnnconvert(["mnnconvert", *options, apart, "--bizCode", "none"])
        if not target.is_file():
            raise EngineFailed("MNN does not take the graph.", "Choose another runtime.")
        give_back_memory()
        return MNN.nn.load_module_from_file(
            str(target),
            list(part.inputs),
            list(part.outputs),
            runtime_manager=manager,
            shape_mutable=False,
            rearrange=True,
        )

    return MNN.expr, load


def _shape(value: onnx.ValueInfoProto) -> list[int]:
    return [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]


@contextmanager
def _quiet() -> Iterator[None]:
    """What MNN prints while it loads goes to where errors go, not among the program's output."""
    try:
        sys.stdout.flush()
        kept = os.dup(_STDOUT)
    except (AttributeError, OSError, ValueError):  # a window without a console
        yield
        return
    try:
        os.dup2(_STDERR, _STDOUT)
        yield
    finally:
        if sys.platform != "win32":
            ctypes.CDLL(None).fflush(None)
        with suppress(OSError):
            os.dup2(kept, _STDOUT)
        os.close(kept)
