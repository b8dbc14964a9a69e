"""The weights of a student, kept as an ONNX file with its avatar.

A linear map of the spectrogram window and a small network beside it give the coefficients of a
basis of pictures (principal components of what the teacher painted): so it is small, and its
pictures are as sharp as the teacher's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from avatar_app.core.values import Image
from avatar_app.engines.face.lips.mel import BANDS, WINDOW_COLUMNS, Floats
from avatar_app.engines.face.lips.region import SIDE, Region
from avatar_app.engines.face.taught.mixture import Dense, Mixture, damaged, read_mixture
from avatar_app.engines.face.taught.onnx_weights import check_version, model_of, read_weights

MELS, LIPS = "mels", "lips"
INPUTS = BANDS * WINDOW_COLUMNS
CHANNELS = 3
_VERSION = 1
_EDGES = ("top", "bottom", "left", "right")


@dataclass(frozen=True, slots=True, eq=False)
class Student:
    """A network that paints the lips of one avatar."""

    linear: Dense
    """From the window to coefficients of `basis`."""
    layers: tuple[Dense, ...]
    """Rectified, but the last one, whose outputs are added to those of `linear`."""
    basis: Floats
    """(coefficients, pixels), in levels of 0 to 255."""
    mean: Floats
    """(pixels,): the picture without any coefficient."""
    region: Region
    """What it paints: pixels = rows · columns · 3."""
    face: str
    """`face_digest` of its avatar."""
    teacher: str
    """Name of the engine that taught it."""
    psnr: float
    """dB: how close it came to its teacher, in sentences that it was not taught with."""

    @property
    def mixture(self) -> Mixture:
        return Mixture(self.linear, self.layers, self.basis, self.mean)

    @property
    def parameters(self) -> int:
        return self.mixture.parameters

    def painted(self, mels: Floats) -> Image:
        """Return lips, uint8, (n, rows, columns, 3), for windows (n, 80, 16): what the ONNX graph
        computes."""
        values = self.mixture.values(mels.reshape(len(mels), INPUTS))
        levels = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
        return np.asarray(levels.reshape(-1, *self.region.shape, CHANNELS), np.uint8)

    def judged(self, psnr: float) -> Student:
        """Return the same network with its distance to the teacher."""
        return replace(self, psnr=psnr)

    @property
    def flop(self) -> int:
        """Floating-point operations for one picture: two for each multiplication."""
        return 2 * self.parameters


def write_student(student: Student, path: Path) -> None:
    """Write an ONNX file; raises OSError."""
    model = to_onnx(student)
    path.write_bytes(model.SerializeToString())


def to_onnx(student: Student) -> onnx.ModelProto:
    """Return the network: mels (n, 80, 16) → lips (n, rows, columns, 3), uint8."""
    mixture = student.mixture
    nodes = [
        helper.make_node("Flatten", [MELS], ["x"]),
        *mixture.nodes("x", "levels"),
        helper.make_node("Clip", ["levels", "black", "white"], ["clipped"]),
        helper.make_node("Round", ["clipped"], ["rounded"]),
        helper.make_node("Cast", ["rounded"], ["bytes"], to=TensorProto.UINT8),
        helper.make_node("Reshape", ["bytes", "shape"], [LIPS]),
    ]
    shape = [*student.region.shape, CHANNELS]
    known = mixture.arrays() | {
        "black": np.float32(0),
        "white": np.float32(255),
        "shape": np.array([-1, *shape], np.int64),
    }
    facts = {
        "version": _VERSION,
        "region": {edge: getattr(student.region, edge) for edge in _EDGES},
        "face": student.face,
        "teacher": student.teacher,
        "psnr": student.psnr,
    }
    outputs = {LIPS: (int(TensorProto.UINT8), ["n", *shape])}
    return model_of(nodes, {MELS: ["n", BANDS, WINDOW_COLUMNS]}, outputs, known, facts)


def read_student(path: Path) -> Student:
    """Read and validate a file of `write_student`. Raises InputInvalid."""
    return read_weights(path, lambda arrays, facts: _checked(arrays, facts, path))


def _checked(arrays: Mapping[str, NDArray[Any]], facts: Any, path: Path) -> Student:
    check_version(facts, _VERSION, path)
    region = Region(**{side: int(facts["region"][side]) for side in _EDGES})
    if not (0 <= region.top < region.bottom <= SIDE and 0 <= region.left < region.right <= SIDE):
        raise damaged(path, "its region does not lie in the face")
    rows, columns = region.shape
    mixture = read_mixture(arrays, INPUTS, rows * columns * CHANNELS, path)
    return Student(
        mixture.linear,
        mixture.layers,
        mixture.basis,
        mixture.mean,
        region=region,
        face=str(facts["face"]),
        teacher=str(facts["teacher"]),
        psnr=float(facts["psnr"]),
    )
