"""What the tests of the Wav2Lip face share: reproducible weights, and golden numbers."""

from __future__ import annotations

import importlib.util
import json
import struct
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from avatar_app.engines.face.photo.placeholder import placeholder

FOLDER = Path(__file__).parents[1] / "data" / "wav2lip"
Arrays = dict[str, np.ndarray]


def golden() -> Arrays:
    """Made by the public reference implementation with these weights."""
    with np.load(FOLDER / "golden.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


def random_state() -> Arrays:
    """The same random state dict on every machine; its arrays are read-only."""
    return dict(_drawn_once())


@cache
def _drawn_once() -> Arrays:
    spec = importlib.util.spec_from_file_location("wav2lip_weights", FOLDER / "weights.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    state: Arrays = module.random_state_dict()
    for values in state.values():
        values.flags.writeable = False
    return state


def write_safetensors(path: Path, state: Arrays) -> Path:
    header, offset = {}, 0
    for key, values in state.items():
        kind = "I64" if values.dtype == np.int64 else "F32"
        ends = [offset, offset + values.nbytes]
        header[key] = {"dtype": kind, "shape": values.shape, "data_offsets": ends}
        offset = ends[1]
    said = json.dumps(header).encode()
    numbers = b"".join(values.tobytes() for values in state.values())
    path.write_bytes(struct.pack("<Q", len(said)) + said + numbers)
    return path


def write_avatar(folder: Path) -> Path:
    """The drawn face as an avatar's folder."""
    folder.mkdir()
    avatar = placeholder()
    height, width = avatar.portrait.shape[:2]
    document = {
        "version": 1,
        "name": "nobody",
        "created": "2026-01-01T00:00:00Z",
        "size": [width, height],
        "face_box": list(avatar.face_box),
        "landmarks": {name: points.tolist() for name, points in avatar.landmarks.items()},
        "notes": [],
        "licence": "",
    }
    (folder / "avatar.json").write_text(json.dumps(document))
    cv2.imwrite(str(folder / "portrait.png"), avatar.portrait[..., ::-1])
    tall, wide = avatar.face_mask.shape
    mask = np.zeros((tall, wide), np.uint8)
    cv2.ellipse(mask, (wide // 2, tall // 2), (wide * 2 // 5, tall * 9 // 20), 0, 0, 360, 255, -1)
    np.savez(folder / "features.npz", mesh=avatar.mesh, face_mask=mask)
    return folder
