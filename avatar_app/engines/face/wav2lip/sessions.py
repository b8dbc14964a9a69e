"""Opens a graph as a session of the chosen runtime."""

from __future__ import annotations

from avatar_app.engines.face.wav2lip.mnn import MnnSession
from avatar_app.engines.face.wav2lip.model import Model
from avatar_app.engines.face.wav2lip.runtime import (
    Choice,
    InferenceSession,
    OnnxRuntimeSession,
    OpenVinoSession,
    Runtime,
)


def open_session(model: Model, choice: Choice) -> InferenceSession:
    """Load an ONNX graph; one of 8 or 16 bits where `choice` says that.

    Raises ModelMissing if the runtime is not installed, DeviceUnavailable if it cannot use the
    device, OutOfMemory if the graph does not fit.
    """
    if choice.runtime is Runtime.OPENVINO:
        return OpenVinoSession(model, choice)
    if choice.runtime is Runtime.MNN:
        return MnnSession(model, choice)
    return OnnxRuntimeSession(model, choice)
