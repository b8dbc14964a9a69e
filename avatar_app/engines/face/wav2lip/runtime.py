"""Inference sessions: runs a graph with the chosen runtime, device and precision."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import (
    AvatarError,
    DeviceUnavailable,
    EngineFailed,
    ModelMissing,
    OutOfMemory,
)
from avatar_app.core.out_of_memory import is_out_of_memory
from avatar_app.engines.face.wav2lip.model import Model

Floats = NDArray[np.float32]
Feeds = Mapping[str, Floats]


class Runtime(StrEnum):
    """The inference runtime."""

    AUTO = "auto"
    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    MNN = "mnn"


class Device(StrEnum):
    """The compute device."""

    CPU = "cpu"
    CUDA = "cuda"
    DIRECTML = "directml"
    COREML = "coreml"


class Precision(StrEnum):
    """Number format of the computation."""

    FP32 = "fp32"
    FP32_FAST = "fp32-fast"
    BF16 = "bf16"
    INT8 = "int8"
    FP16 = "fp16"

    @property
    def is_reduced(self) -> bool:
        """Whether a pixel can differ by more than one of 255 levels. In fp32 it is within
        millionths."""
        return self not in (Precision.FP32, Precision.FP32_FAST)


_PROVIDERS = {
    Device.CPU: "CPUExecutionProvider",
    Device.CUDA: "CUDAExecutionProvider",
    Device.DIRECTML: "DmlExecutionProvider",
    Device.COREML: "CoreMLExecutionProvider",
}
_IN_THE_GRAPH = (Precision.INT8, Precision.FP16)
"""Precisions that the graph itself is written in."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How graphs are computed."""

    runtime: Runtime = Runtime.AUTO
    device: Device = Device.CPU
    precision: Precision = Precision.FP32
    threads: int = 2


class InferenceSession(Protocol):
    """One loaded graph."""

    precision: Precision
    """What it really computes with."""

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        """Return the outputs by name. Raises OutOfMemory or EngineFailed on failure."""

    def begin(self, feeds: Feeds) -> Callable[[], dict[str, Floats]]:
        """Start a computation; the returned function finishes it and returns the outputs,
        in order.

        Some runtimes work on a new computation while an earlier one is finished.
        """
        return partial(self.run, feeds)


class OnnxRuntimeSession(InferenceSession):
    """https://onnxruntime.ai"""

    def __init__(self, model: Model, choice: Choice) -> None:
        import onnxruntime

        written = choice.precision in _IN_THE_GRAPH
        self.precision = choice.precision if written else Precision.FP32
        provider = _PROVIDERS[choice.device]
        available = onnxruntime.get_available_providers()
        if provider not in available:
            raise DeviceUnavailable(
                f"The installed onnxruntime cannot compute on {choice.device}.",
                "Choose the device cpu, or install the onnxruntime made for your graphics card.",
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = choice.threads
        options.log_severity_level = 4
        # A pool that spins while it waits takes the cores that recognition and voice need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        cpu = _PROVIDERS[Device.CPU]
        providers = [provider] if provider == cpu else [provider, cpu]
        with translate_errors(), model.written() as path:
            self._session = onnxruntime.InferenceSession(path, options, providers=providers)
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        with translate_errors():
            outputs = self._session.run(None, dict(feeds))
        return dict(zip(self._names, outputs, strict=True))


class OpenVinoSession(InferenceSession):
    """https://docs.openvino.ai"""

    def __init__(self, model: Model, choice: Choice) -> None:
        core = _core(_openvino())
        able = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        reduced = choice.precision is Precision.BF16 and able
        written = choice.precision in _IN_THE_GRAPH
        self.precision = choice.precision if reduced or written else Precision.FP32
        settings = {
            "INFERENCE_NUM_THREADS": choice.threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "bf16" if reduced else "f32",
        }
        with translate_errors(), model.written() as path:
            compiled = core.compile_model(core.read_model(path), "CPU", settings)
            self._request = compiled.create_infer_request()
        self._names = [output.any_name for output in compiled.outputs]

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        with translate_errors():
            outputs = self._request.infer(dict(feeds), share_inputs=True)
        return {name: np.array(outputs[name]) for name in self._names}


def _openvino() -> Any:
    # without this module OpenVINO takes its stub; with it, the import leaves an id in the user's
    # home and reports to its maker
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        raise ModelMissing(
            "OpenVINO is not installed.", "Type: pip install openvino, or choose onnxruntime."
        ) from error
    return openvino


@cache
def _core(openvino: Any) -> Any:
    """One for the process: each gives signals a stack of its own and, when it goes, puts back the
    one before it; after two that went in the order in which they came, Ctrl+C would have none."""
    return openvino.Core()


@contextmanager
def translate_errors() -> Iterator[None]:
    """Convert a runtime's exceptions to user-facing errors."""
    try:
        yield
    except AvatarError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise _no_room() from error
        raise EngineFailed(
            f"Wav2Lip failed: {error}.", "Choose another runtime or device."
        ) from error


def give_back_memory() -> None:
    """Return freed memory to the system; glibc would keep it."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _no_room() -> OutOfMemory:
    return OutOfMemory(
        "There is not enough memory for Wav2Lip.",
        "Choose a smaller batch, the cpu or another face.",
    )
