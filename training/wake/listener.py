"""Computes the embeddings of whole streams."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from avatar_app.engines.onnx_session import create_session
from avatar_app.engines.wake.livekit.features import (
    BANDS,
    COLUMNS,
    EMBEDDING,
    HISTORY,
    MEL,
    SILENT,
    STEP,
)

FULL_SCALE = 32767.0
"""The features are computed as openWakeWord does, on 16-bit numbers."""


class Listener:
    """Computes embeddings of whole streams: what `SpeechFeatures` does, nine times as fast.

    The embedding pads nothing in time, so that one run over all columns answers for each window.
    """

    def __init__(self, folder: Path) -> None:
        self._mel = create_session(folder / MEL)
        model = onnx.load(folder / EMBEDDING)
        (first, *_, last) = model.graph.node
        model.graph.initializer.append(numpy_helper.from_array(np.array([1, 1, -1, 32]), "whole"))
        first.input[1] = "whole"
        model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "columns"
        answer = helper.make_tensor_value_info(last.input[0], TensorProto.FLOAT, None)
        model.graph.node.remove(last)
        del model.graph.output[:]
        model.graph.output.append(answer)
        self._embedding = create_session(model.SerializeToString(), has_fixed_shapes=False)

    def hear(self, sound: np.ndarray) -> np.ndarray:
        """Shape (n, 96), one for each 80 ms."""
        padded = np.concatenate([np.zeros(HISTORY), sound * FULL_SCALE]).astype(np.float32)
        starts = range(0, len(padded) - HISTORY - STEP + 1, STEP)
        chunks = (padded[None, start : start + HISTORY + STEP] for start in starts)
        name = self._mel.get_inputs()[0].name
        columns = [self._mel.run(None, {name: chunk})[0][0, 0] / 10 + 2 for chunk in chunks]
        before = np.full((COLUMNS - STEP // 160, BANDS), SILENT, np.float32)
        whole = np.concatenate([before, *columns])[None, :, :, None]
        (found,) = self._embedding.run(None, {self._embedding.get_inputs()[0].name: whole})
        return np.ascontiguousarray(found[0, :, :, 0].T)
