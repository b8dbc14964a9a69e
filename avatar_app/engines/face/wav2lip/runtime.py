"""Inference sessions: runs a graph with the chosen runtime, device and precision."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import ModelMissing
from avatar_app.engines.face.wav2lip.model import Model
from avatar_app.engines.onnx_session import (
    ErrorTexts,
    create_session,
    inference_errors,
    providers,
)

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


TEXTS = ErrorTexts(
    title="Wav2Lip",
    if_out_of_memory="Choose a smaller batch, the cpu or another face.",
    if_failed="Choose another runtime or device.",
)
_IN_THE_GRAPH = (Precision.INT8, Precision.FP16)
"""Precisions that are part of the graph itself."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Runtime, device, precision and number of threads."""

    runtime: Runtime = Runtime.AUTO
    device: Device = Device.CPU
    precision: Precision = Precision.FP32
    threads: int = 2


class InferenceSession(Protocol):
    """One loaded graph."""

    precision: Precision
    """The precision in use."""

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        """Return the outputs by name. Raises OutOfMemory or EngineFailed on failure."""

    def begin(self, feeds: Feeds) -> Callable[[], dict[str, Floats]]:
        """Start a run; the returned function waits for its outputs. Finish in the order of
        starting.

        Some runtimes start the next run while an earlier one is being finished.
        """
        return partial(self.run, feeds)


class OnnxRuntimeSession(InferenceSession):
    """Runs a graph in ONNX Runtime (https://onnxruntime.ai)."""

    def __init__(self, model: Model, choice: Choice) -> None:
        written = choice.precision in _IN_THE_GRAPH
        self.precision = choice.precision if written else Precision.FP32
        usable = providers(choice.device)
        with inference_errors(TEXTS), model.written() as path:
            self._session = create_session(path, choice.threads, usable)
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        with inference_errors(TEXTS):
            outputs = self._session.run(None, dict(feeds))
        return dict(zip(self._names, outputs, strict=True))


class OpenVinoSession(InferenceSession):
    """Runs a graph in OpenVINO (https://docs.openvino.ai)."""

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
        with inference_errors(TEXTS), model.written() as path:
            compiled = core.compile_model(core.read_model(path), "CPU", settings)
            self._request = compiled.create_infer_request()
        self._names = [output.any_name for output in compiled.outputs]

    def run(self, feeds: Feeds) -> dict[str, Floats]:
        with inference_errors(TEXTS):
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
    """Return the only `Core` of the process: each one installs an alternate signal stack and
    restores the previous one when it is deleted; deleting two in the order of creation would break
    Ctrl+C."""
    return openvino.Core()


def give_back_memory() -> None:
    """Return freed memory to the system; glibc would keep it."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
