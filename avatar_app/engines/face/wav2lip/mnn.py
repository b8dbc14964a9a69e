"""MNN: the fastest in exact numbers on processors without AVX-512, because it uses Winograd's way.

Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016): fewer multiplications for
the same sums, within some millionths.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx

from avatar_app.core.errors import EngineFailed, ModelMissing
from avatar_app.engines.face.wav2lip.runtime import Choice, Feeds, Floats, Precision, told

_STDOUT, _STDERR = 1, 2


class MnnSession:
    """https://mnn-docs.readthedocs.io; a `runtime.Session` of a graph with fixed shapes."""

    precision = Precision.FP32

    def __init__(self, model: bytes, choice: Choice) -> None:
        graph = onnx.ModelProto.FromString(model).graph
        shapes = {value.name: _shape(value) for value in graph.input}
        self._names = [value.name for value in graph.output]
        with told(), _quiet(), TemporaryDirectory(prefix="avatar-app-") as folder:
            self._expr, self._network = _loaded(model, choice, Path(folder), shapes, self._names)
        self._inputs = {
            name: self._expr.placeholder(shape, self._expr.NCHW) for name, shape in shapes.items()
        }

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        with told():
            for name, tensor in self._inputs.items():
                tensor.write(np.ascontiguousarray(feeds[name], np.float32))
            outputs = self._network.forward(list(self._inputs.values()))
            planes = [self._expr.convert(output, self._expr.NCHW) for output in outputs]
            return {
                name: np.array(plane.read(), np.float32).reshape(plane.shape)
                for name, plane in zip(self._names, planes, strict=True)
            }


def _loaded(
    model: bytes, choice: Choice, folder: Path, shapes: dict[str, list[int]], outputs: list[str]
) -> tuple[Any, Any]:
    """The package's expressions, and the network; MNN reads files only."""
    try:
        import MNN.expr
        import MNN.nn

        converter = import_module("_tools")  # its wrapper, MNN.tools.mnnconvert, tells its maker
    except ImportError as error:
        raise ModelMissing(
            "MNN is not installed.", "Type: pip install MNN, or choose onnxruntime."
        ) from error
    source, target = folder / "graph.onnx", folder / "graph.mnn"
    source.write_bytes(model)
    options = ["-f", "ONNX", "--modelFile", str(source), "--MNNModel", str(target)]
    converter.mnnconvert(["mnnconvert", *options, "--bizCode", "none"])
    source.unlink()
    if not target.is_file():
        raise EngineFailed("MNN does not take the graph.", "Choose another runtime.")
    settings = {
        "backend": "CPU",
        "numThread": choice.threads,
        "precision": "high",
        "memory": "normal",
    }
    manager = MNN.nn.create_runtime_manager((settings,))
    network = MNN.nn.load_module_from_file(
        str(target),
        list(shapes),
        outputs,
        runtime_manager=manager,
        shape_mutable=False,
        rearrange=True,
    )
    return MNN.expr, network


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
