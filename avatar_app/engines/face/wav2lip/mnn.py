"""MNN: the fastest in exact numbers on processors without AVX-512, because it uses Winograd's way.

Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016): fewer multiplications for
the same sums, within some millionths; the larger its tiles, the fewer and the less exact.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

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
PART_BYTES = 12_000_000
"""Weights of a part, about: six parts, which together are as fast as the whole."""
_WINOGRAD_LEVEL = 3
"""Number of MNN's hint (HintMode in MNN/Interpreter.hpp): how large Winograd's tiles may be."""
_SMALL_TILES, _LARGE_TILES = 1, 3
"""Small ones stay within millionths; with large ones the picture is a thousandth off, at most."""
_FEW_BYTES = 10_000_000
"""Where a part has fewer weights, large tiles cost little memory: filters grow up to sevenfold. In
the last part they save 5 ms of 33 at batch 4; in all parts 1 ms more, for 100 MB."""
_COMPUTED, _NO_ROOM = 0, 1
"""MNN's ErrorCode: NO_ERROR and OUT_OF_MEMORY."""


class MnnSession:
    """https://mnn-docs.readthedocs.io; a `runtime.Session` of a graph with fixed shapes.

    The converter needs five times the memory of what it converts: it gets the graph in parts.
    Of MNN's two interfaces this is the one that lets other threads of Python run meanwhile.
    """

    def __init__(self, model: Model, choice: Choice) -> None:
        fast = choice.precision is Precision.FP32_FAST
        self.precision = Precision.FP32_FAST if fast else Precision.FP32
        self._outputs = [value.name for value in model.graph.output]
        self._parts: list[_Loaded] = []
        shapes: dict[str, tuple[int, ...]] = {}
        with told(), _quiet(), TemporaryDirectory(prefix="avatar-app-") as folder:
            load = _loader(choice, Path(folder))
            source = Path(folder) / _SOURCE
            for part in parts(model, source, PART_BYTES, shapes.__getitem__):
                loaded = load(part)
                self._parts.append(loaded)
                shapes |= {name: plane.getShape() for name, plane in loaded.outputs.items()}
                give_back_memory()

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        with told():
            values = dict(feeds)
            for part in self._parts:
                values |= part.computed(values)
            return {name: values[name] for name in self._outputs}


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A part of the graph, ready to run."""

    network: Any
    session: Any
    host: Callable[[Floats], Any]
    """Makes MNN's tensor of an array, a copy of it."""
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]

    def computed(self, values: Feeds) -> dict[str, Floats]:
        """What comes out, by name."""
        for name, plane in self.inputs.items():
            plane.copyFrom(self.host(np.ascontiguousarray(values[name], np.float32)))
        code = self.network.runSession(self.session)
        if code == _NO_ROOM:
            raise MemoryError
        if code != _COMPUTED:
            raise EngineFailed(f"MNN stopped with the error {code}.", "Choose another runtime.")
        return {name: self._read(plane) for name, plane in self.outputs.items()}

    def _read(self, plane: Any) -> Floats:
        shape = plane.getShape()
        copy = self.host(np.empty(shape, np.float32))
        plane.copyToHostTensor(copy)
        return np.array(copy.getNumpyData(), np.float32).reshape(shape)


def _loader(choice: Choice, folder: Path) -> Callable[[Part], _Loaded]:
    """What loads a part; MNN reads files only."""
    try:
        import MNN

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

    def host(values: Floats) -> Any:
        kind, order = MNN.Halide_Type_Float, MNN.Tensor_DimensionType_Caffe
        return MNN.Tensor(values.shape, kind, values, order)

    def load(part: Part) -> _Loaded:
        target, weights = folder / "graph.mnn", folder / "graph.mnn.weight"
        target.unlink(missing_ok=True)
        options = ["-f", "ONNX", "--modelFile", str(part.path), "--MNNModel", str(target)]
        apart = "--saveExternalData"  # else the weights are in memory once more
        converter.mnnconvert(["mnnconvert", *options, apart, "--bizCode", "none"])
        if not target.is_file():
            raise EngineFailed("MNN does not take the graph.", "Choose another runtime.")
        give_back_memory()
        network = MNN.Interpreter(str(target))
        size = target.stat().st_size
        if weights.is_file():
            network.setExternalFile(str(weights))
            size += weights.stat().st_size
        large = choice.precision is Precision.FP32_FAST and size < _FEW_BYTES
        network.setSessionHint(_WINOGRAD_LEVEL, _LARGE_TILES if large else _SMALL_TILES)
        session = network.createSession(settings)
        inputs = {name: network.getSessionInput(session, name) for name in part.inputs}
        outputs = {name: network.getSessionOutput(session, name) for name in part.outputs}
        return _Loaded(network, session, host, inputs, outputs)

    return load


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
