"""The MNN runtime: fastest in fp32 on processors without AVX-512, due to Winograd convolution.

Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016): fewer multiplications for
the same sums, within some millionths; larger tiles need fewer and are less exact.

Two threads that share every layer wait for each other after it and read from each other's cache:
1.3 to 1.6 times the speed of one. Here each thread computes half of the layers (a pipeline), and
the first works on the next batch while the second finishes this one: 1.9 times.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from avatar_app.core.errors import EngineFailed, ModelMissing
from avatar_app.engines.face.wav2lip.model import Model
from avatar_app.engines.face.wav2lip.parts import Part, parts
from avatar_app.engines.face.wav2lip.runtime import (
    TEXTS,
    Choice,
    Feeds,
    Floats,
    InferenceSession,
    Precision,
    give_back_memory,
)
from avatar_app.engines.onnx_session import inference_errors

_STDOUT = 1
_SOURCE = "graph.onnx"
PART_BYTES = 12_000_000
"""Target size of a part's weights: six parts, which together are as fast as one graph."""
_WINOGRAD_LEVEL = 3
"""Number of MNN's hint (HintMode in MNN/Interpreter.hpp) for the largest tile size of Winograd."""
_SMALL_TILES, _LARGE_TILES = 1, 3
"""Small tiles stay within millionths; with large ones the picture differs by at most a
thousandth."""
_FEW_BYTES = 10_000_000
"""Parts with fewer weights use large tiles: filters grow up to sevenfold. In the last part that
saves 5 ms of 33 at batch 4; in all parts 1 ms more, at the cost of 100 MB."""
_TRIALS = 3
"""Runs by which the duration of a part is measured."""
_COMPUTED, _NO_ROOM = 0, 1
"""MNN's ErrorCode: NO_ERROR and OUT_OF_MEMORY."""


class MnnSession(InferenceSession):
    """A graph with fixed shapes in MNN (https://mnn-docs.readthedocs.io).

    The converter needs five times the memory of what it converts, so the graph is converted in
    parts. Of MNN's two interfaces this one releases Python's global interpreter lock.
    """

    def __init__(self, model: Model, choice: Choice) -> None:
        fast = choice.precision is Precision.FP32_FAST
        self.precision = Precision.FP32_FAST if fast else Precision.FP32
        self._outputs = [value.name for value in model.graph.output]
        loaded: list[_Loaded] = []
        shapes: dict[str, tuple[int, ...]] = {}
        with inference_errors(TEXTS), _quiet(), TemporaryDirectory(prefix="avatar-app-") as folder:
            load = _loader(choice, Path(folder))
            source = Path(folder) / _SOURCE
            for part in parts(model, source, PART_BYTES, shapes.__getitem__):
                loaded.append(load(part))
                shapes |= {name: plane.getShape() for name, plane in loaded[-1].outputs.items()}
                give_back_memory()
            half = balanced([part.seconds() for part in loaded]) if choice.threads > 1 else 0
        self._front, self._back = loaded[:half], loaded[half:]
        self._executor = ThreadPoolExecutor(1, "lips") if self._front else None

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        return self.begin(feeds)()

    def begin(self, feeds: Feeds) -> Callable[[], dict[str, Floats]]:
        """Compute the first half of the layers in the background; the returned function computes
        the rest."""
        if self._executor is None:
            return partial(self._finished, lambda: feeds)
        return partial(self._finished, self._executor.submit(_through, self._front, feeds).result)

    def _finished(self, begun: Callable[[], Feeds]) -> dict[str, Floats]:
        with inference_errors(TEXTS):
            values = _through(self._back, begun())
        return {name: values[name] for name in self._outputs}


def balanced(seconds: Sequence[float]) -> int:
    """Return how many of the parts the first half gets, so that the slower half is as fast as
    possible."""
    cuts = range(1, len(seconds))
    return min(cuts, key=lambda cut: max(sum(seconds[:cut]), sum(seconds[cut:])), default=0)


def _through(parts: Sequence[_Loaded], feeds: Feeds) -> dict[str, Floats]:
    """Run the parts one after the other; returns their outputs together with `feeds`."""
    values = dict(feeds)
    for part in parts:
        values |= part.computed(values)
    return values


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A part of the graph, loaded and ready to run."""

    network: Any
    session: Any
    host: Callable[[Floats], Any]
    """Copies an array into a tensor of MNN."""
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]

    def seconds(self) -> float:
        """Return the measured duration of a run."""
        took = []
        feeds = {name: np.zeros(each.getShape(), np.float32) for name, each in self.inputs.items()}
        for _ in range(_TRIALS):
            began = time.perf_counter()
            self.computed(feeds)
            took.append(time.perf_counter() - began)
        return min(took)

    def computed(self, values: Feeds) -> dict[str, Floats]:
        """Return the outputs by name."""
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
    """Return the function that loads a part from a file, as MNN reads files only."""
    try:
        import MNN

        converter = import_module(
            "_tools"
        )  # its wrapper, MNN.tools.mnnconvert, reports to its maker
    except ImportError as error:
        raise ModelMissing(
            "MNN is not installed.", "Type: avatar-app extras add mnn, or choose onnxruntime."
        ) from error
    settings = {
        "backend": "CPU",
        "numThread": max(1, choice.threads // 2),
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
            raise EngineFailed("MNN does not accept the graph.", "Choose another runtime.")
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
    """Suppress MNN's output about the conversion while it loads."""
    try:
        sys.stdout.flush()
        saved = os.dup(_STDOUT)
    except (AttributeError, OSError, ValueError):  # a window without a console
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), _STDOUT)
        yield
    finally:
        if sys.platform != "win32":
            ctypes.CDLL(None).fflush(None)
        with suppress(OSError):
            os.dup2(saved, _STDOUT)
        os.close(saved)
