"""Loads and runs GFPGAN's ONNX network, with clear errors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.values import ALIGNED_FACE
from avatar_app.engines.onnx_session import ErrorTexts, inference_errors, open_session

_SHAPE = (1, 3, ALIGNED_FACE, ALIGNED_FACE)
_NUMBERS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_OR_NONE = "or choose no enhancement: face_enhancement.engine=none."
_TEXTS = ErrorTexts(
    title="GFPGAN",
    if_damaged=f"Download the file again from its authors, {_OR_NONE}",
    if_out_of_memory=f"Choose the cpu, {_OR_NONE}",
    if_failed=f"Choose another device, {_OR_NONE}",
)


class Network:
    """The network, loaded."""

    def __init__(self, path: Path, device: str, threads: int) -> None:
        if not path.is_file():
            raise ModelMissing(
                f"No GFPGAN network at {path}." if path.name else "No GFPGAN is chosen.",
                f"Type: avatar-app models download gfpgan-1.4, {_OR_NONE}",
            )
        self._session = open_session(path, _TEXTS, threads, device)
        self._input, self._output = _checked(self._session, path)

    def restored(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network: `planes` and the result have shape (1, 3, 512, 512), in [-1, 1]."""
        feeds = {self._input.name: planes.astype(_NUMBERS[self._input.type])}
        with inference_errors(_TEXTS):
            (found,) = self._session.run([self._output.name], feeds)
        return np.asarray(found, np.float32)


def _checked(session: Any, path: Path) -> tuple[Any, Any]:
    """Return the network's input and output names; raises InputInvalid if it is another network."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    wrong = None
    if len(inputs) != 1:
        wrong = f"it has {len(inputs)} inputs instead of one"
    elif not _fits(inputs[0].shape) or inputs[0].type not in _NUMBERS:
        wrong = f"it takes {_said(inputs[0])} instead of {_said_shape(_SHAPE)} numbers"
    elif not _fits(outputs[0].shape):
        wrong = f"it gives {_said(outputs[0])} instead of {_said_shape(_SHAPE)} numbers"
    if wrong is not None:
        raise InputInvalid(
            f"{path.name} is not the GFPGAN network: {wrong}.",
            f"Take GFPGANv1.4.onnx or GFPGANv1.3.onnx, {_OR_NONE}",
        )
    return inputs[0], outputs[0]


def _fits(shape: Sequence[int | str | None]) -> bool:
    """Whether a shape matches; exporters may leave sizes open, as names."""
    sizes = zip(shape, _SHAPE, strict=False)
    return len(shape) == len(_SHAPE) and all(
        size == wanted for size, wanted in sizes if isinstance(size, int)
    )


def _said(port: Any) -> str:
    kind = port.type.removeprefix("tensor(").removesuffix(")")
    return f"{_said_shape(port.shape)} numbers ({kind})"


def _said_shape(shape: Sequence[int | str | None]) -> str:
    return " × ".join(str(size) for size in shape)
