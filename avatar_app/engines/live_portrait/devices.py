"""Where LivePortrait is computed."""

from __future__ import annotations

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.engines.onnx_session import providers

CPU = "cpu"
_CARDS = ("cuda", "directml", "coreml")


def usable_card() -> str | None:
    """Return the name of a graphics card that onnxruntime can use; None without one."""
    for name in _CARDS:
        try:
            providers(name)
        except DeviceUnavailable:
            continue
        return name
    return None
