"""Files of ONNX that somebody has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx


def changed_model(change: Callable[[Any], None]) -> Callable[[bytes], bytes]:
    """Return what changes a file's content by its `onnx.ModelProto`."""

    def changed(content: bytes) -> bytes:
        model = onnx.ModelProto.FromString(content)
        change(model)
        return bytes(model.SerializeToString())

    return changed
