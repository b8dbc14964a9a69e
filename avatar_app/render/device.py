"""Selects the compute device: the requested one, or the CPU where that is unavailable."""

from __future__ import annotations

import os
from functools import cache

from avatar_app.core.errors import AvatarError, ConfigInvalid, choose_one_of
from avatar_app.engines.face.wav2lip.model import Model
from avatar_app.engines.face.wav2lip.runtime import Choice, Device, Runtime
from avatar_app.engines.face.wav2lip.sessions import open_session

AUTO = "auto"
CHOICES = (AUTO, *(str(device) for device in Device))
BEST_ON_CPU = 2
"""Batch size on a processor: 2, 4 and 8 take the same processor time (8.5, 8.7 and 8.7 s for five
seconds of speech, with the encoder), and each step takes 25 to 50 MB more."""


def usable_device(wanted: str) -> Device:
    """Return `wanted` (or the best available, for "auto") if it works, else the processor."""
    if wanted not in CHOICES:
        raise ConfigInvalid(f"Unknown device {wanted!r}.", choose_one_of(CHOICES))
    if wanted == AUTO:
        others = (Device(name) for name in CHOICES[1:] if name != Device.CPU)
        return next((device for device in others if _computes(device)), Device.CPU)
    device = Device(wanted)
    return device if _computes(device) else Device.CPU


def batch_on(device: Device, most: int) -> int:
    """Return the batch size there, where `most` are allowed."""
    return min(most, BEST_ON_CPU) if device is Device.CPU else most


def threads() -> int:
    """Return the processor cores for a film: all, because nothing else runs meanwhile."""
    return min(os.cpu_count() or 1, 64)


@cache
def _computes(device: Device) -> bool:
    """Whether a runtime can run a minimal graph on it."""
    if device is Device.CPU:
        return True
    try:
        open_session(_smallest_graph(), Choice(Runtime.ONNXRUNTIME, device))
    except AvatarError:
        return False
    return True


def _smallest_graph() -> Model:
    from onnx import TensorProto, helper

    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    node = helper.make_node("Relu", ["x"], ["y"])
    graph = helper.make_graph([node], "smallest", values[:1], values[1:])
    return Model.of(graph)
