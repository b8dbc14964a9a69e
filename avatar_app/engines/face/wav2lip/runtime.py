"""Runs a graph with the runtime and on the device that were chosen, behind one small interface."""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import DeviceUnavailable, EngineFailed, ModelMissing, OutOfMemory

Floats = NDArray[np.float32]
Feeds = Mapping[str, Floats]


class Runtime(StrEnum):
    """What computes the graph."""

    AUTO = "auto"
    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"


class Device(StrEnum):
    """Where it is computed."""

    CPU = "cpu"
    CUDA = "cuda"
    DIRECTML = "directml"
    COREML = "coreml"


class Precision(StrEnum):
    """With what numbers."""

    FP32 = "fp32"
    BF16 = "bf16"


_PROVIDERS = {
    Device.CPU: "CPUExecutionProvider",
    Device.CUDA: "CUDAExecutionProvider",
    Device.DIRECTML: "DmlExecutionProvider",
    Device.COREML: "CoreMLExecutionProvider",
}
_OPENVINO_HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16"}
_NO_ROOM = ("alloc", "out of memory", "memory limit")
"""In the messages with which the runtimes say that memory ran out."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How graphs are computed."""

    runtime: Runtime = Runtime.AUTO
    device: Device = Device.CPU
    precision: Precision = Precision.FP32
    threads: int = 2


class Session(Protocol):
    """One loaded graph."""

    precision: Precision
    """What it really computes with."""

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        """The outputs by name. OutOfMemory or EngineFailed where that fails."""


def open_session(model: bytes, choice: Choice) -> Session:
    """Load an ONNX graph.

    ModelMissing if the runtime is not installed, DeviceUnavailable if it cannot use the device,
    OutOfMemory if the graph does not fit.
    """
    if _runtime(choice) is Runtime.OPENVINO:
        return _OpenVino(model, choice)
    return _OnnxRuntime(model, choice)


def _runtime(choice: Choice) -> Runtime:
    """OpenVINO is the faster one on processors, where it is installed."""
    if choice.runtime is not Runtime.AUTO:
        return choice.runtime
    installed = importlib.util.find_spec("openvino") is not None
    on_cpu = choice.device is Device.CPU
    return Runtime.OPENVINO if installed and on_cpu else Runtime.ONNXRUNTIME


class _OnnxRuntime:
    """https://onnxruntime.ai"""

    precision = Precision.FP32

    def __init__(self, model: bytes, choice: Choice) -> None:
        import onnxruntime

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
        with _told():
            self._session = onnxruntime.InferenceSession(model, options, providers=providers)
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        with _told():
            outputs = self._session.run(None, dict(feeds))
        return dict(zip(self._names, outputs, strict=True))


class _OpenVino:
    """https://docs.openvino.ai"""

    def __init__(self, model: bytes, choice: Choice) -> None:
        openvino = _openvino()
        core = openvino.Core()
        able = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        reduced = choice.precision is Precision.BF16 and able
        self.precision = Precision.BF16 if reduced else Precision.FP32
        settings = {
            "INFERENCE_NUM_THREADS": choice.threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": _OPENVINO_HINTS[self.precision],
        }
        with _told():
            compiled = core.compile_model(core.read_model(model), "CPU", settings)
            self._request = compiled.create_infer_request()
        self._names = [output.any_name for output in compiled.outputs]

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        with _told():
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


@contextmanager
def _told() -> Iterator[None]:
    """Whatever a runtime raises, as an error for the user."""
    try:
        yield
    except MemoryError as error:
        raise _no_room() from error
    except Exception as error:
        message = str(error).lower()
        if any(word in message for word in _NO_ROOM):
            raise _no_room() from error
        raise EngineFailed(
            f"Wav2Lip could not be computed: {error}.", "Choose another runtime or device."
        ) from error


def give_back_memory() -> None:
    """What loading has freed goes back to the system; glibc would keep it."""
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
