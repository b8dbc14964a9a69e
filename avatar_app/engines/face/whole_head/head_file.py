"""The ONNX file of a student of the whole head."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from avatar_app.engines.face.taught.mixture import damaged, read_mixture, shaped
from avatar_app.engines.face.taught.onnx_weights import check_version, model_of, read_weights
from avatar_app.engines.face.whole_head.head import (
    CHANNELS,
    FEATURES,
    FLOW_VALUES,
    MOTIONS,
    SIDE,
    SOFT_VALUES,
    TILE_VALUES,
    TILES,
    Head,
    Parts,
    Tiles,
)
from avatar_app.engines.live_portrait.crop import Box

MOTION = "motion"
OUTPUTS = Parts._fields
_VERSION = 1
_STILL, _SCALE, _SHIFT = "still", "scale", "shift"
_EYES, _MOUTH = "eye_tiles", "mouth_tiles"


def write_head(head: Head, path: Path) -> None:
    """Write an ONNX file; raises OSError."""
    path.write_bytes(to_onnx(head, complete=True).SerializeToString())


def to_onnx(head: Head, *, complete: bool = False) -> onnx.ModelProto:
    """Return the network: motion (n, MOTIONS) → the values of its parts, each (n, values).

    `complete`: with what is not of the network: the portrait and the places of the tiles.
    """
    parts = head.parts._asdict()
    nodes = [
        helper.make_node("Gemm", [MOTION, _SCALE, _SHIFT], ["known"]),
        helper.make_node("Unsqueeze", ["known", "last"], ["column"]),
        helper.make_node("Unsqueeze", ["known", "middle"], ["row"]),
        helper.make_node("MatMul", ["column", "row"], ["products"]),
        helper.make_node("Flatten", ["products"], ["x"]),
    ]
    arrays: dict[str, Any] = {
        _SCALE: head.scale,
        _SHIFT: head.shift,
        "last": np.array([2], np.int64),
        "middle": np.array([1], np.int64),
    }
    for name, part in parts.items():
        nodes += part.nodes("x", name, f"{name}.")
        arrays |= part.arrays(f"{name}.")
    if complete:
        arrays |= {_STILL: head.still, _EYES: head.eye_tiles, _MOUTH: head.mouth_tiles}
    facts = {
        "version": _VERSION,
        "box": list(head.box),
        "face": head.face,
        "teacher": head.teacher,
        "psnr": head.psnr,
    }
    outputs = {
        name: (int(TensorProto.FLOAT), ["n", len(part.mean)]) for name, part in parts.items()
    }
    return model_of(nodes, {MOTION: ["n", MOTIONS]}, outputs, arrays, facts)


def read_head(path: Path) -> Head:
    """Read and validate a file of `write_head`. Raises InputInvalid."""
    return read_weights(path, lambda arrays, facts: _checked(arrays, facts, path))


def _checked(arrays: Mapping[str, NDArray[Any]], facts: Any, path: Path) -> Head:
    check_version(facts, _VERSION, path)
    still = arrays.get(_STILL)
    if still is None or still.shape != (SIDE, SIDE, CHANNELS) or still.dtype != np.uint8:
        raise damaged(path, "its portrait is missing or of another size")
    eyes, mouth = (_tiles(arrays, name, path) for name in (_EYES, _MOUTH))
    sizes = (FLOW_VALUES, TILE_VALUES * len(eyes), TILE_VALUES * len(mouth), SOFT_VALUES)
    parts = [
        read_mixture(arrays, FEATURES, size, path, f"{name}.")
        for name, size in zip(OUTPUTS, sizes, strict=True)
    ]
    return Head(
        still=np.asarray(still, np.uint8),
        scale=shaped(arrays, _SCALE, (MOTIONS, MOTIONS + 1), path),
        shift=shaped(arrays, _SHIFT, (MOTIONS + 1,), path),
        parts=Parts(*parts),
        eye_tiles=eyes,
        mouth_tiles=mouth,
        box=_box(facts["box"], path),
        face=str(facts["face"]),
        teacher=str(facts["teacher"]),
        psnr=float(facts["psnr"]),
    )


def _tiles(arrays: Mapping[str, NDArray[Any]], name: str, path: Path) -> Tiles:
    tiles = arrays.get(name)
    if tiles is None or tiles.ndim != 2 or tiles.shape[1] != 2 or tiles.dtype != np.int64:
        raise damaged(path, "its tiles are missing")
    if not (0 < len(tiles) <= TILES**2 and tiles.min() >= 0 and tiles.max() < TILES):
        raise damaged(path, "its tiles do not lie in the picture")
    return np.asarray(tiles, np.int64)


def _box(given: Any, path: Path) -> Box:
    top, bottom, left, right = map(int, given)
    if not (0 <= top < bottom <= SIDE and 0 <= left < right <= SIDE):
        raise damaged(path, "what moves does not lie in the picture")
    return top, bottom, left, right
