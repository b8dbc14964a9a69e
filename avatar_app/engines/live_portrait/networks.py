"""LivePortrait's networks as ONNX files: appearance, motion, warping with SPADE, and stitching."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import EngineFailed, InputInvalid, ModelMissing
from avatar_app.core.values import Image
from avatar_app.engines.live_portrait.keypoints import (
    POINTS,
    Floats,
    Keypoints,
    degrees_of,
)
from avatar_app.engines.onnx_session import CPU, ErrorTexts, inference_errors, open_session

APPEARANCE, MOTION, WARPING = "appearance_feature_extractor", "motion_extractor", "warping_spade"
STITCHING, EYES, LIPS = "stitching", "stitching_eye", "stitching_lip"
NEEDED, HELPFUL = (APPEARANCE, MOTION, WARPING), (STITCHING, EYES, LIPS)
INPUT_SIDE, CROP_SIDE = 256, 512
_MOTION = ("pitch", "yaw", "roll", "t", "exp", "scale", "kp")
"""The motion extractor's outputs, in the order of the published file."""
_WARPING = ("feature_3d", "kp_driving", "kp_source")
"""The generator's inputs, in the order of the published file."""
_TEXTS = ErrorTexts(
    "LivePortrait",
    if_damaged="Download LivePortrait's ONNX files again.",
    if_out_of_memory="Close other programs, or choose the device cpu.",
    if_failed="Choose the device cpu, or another engine.",
)


class Networks:
    """The loaded networks. Those for stitching, eyes and lips may be missing."""

    def __init__(self, folder: Path, device: str, threads: int) -> None:
        """Raises ModelMissing, InputInvalid for a damaged file, DeviceUnavailable or
        OutOfMemory."""
        missing = [name for name in NEEDED if not _file(folder, name).is_file()]
        if missing:
            raise ModelMissing(
                f"LivePortrait's files are missing: {', '.join(f'{n}.onnx' for n in missing)}.",
                f"Put them into the folder {folder}, or choose another one as its model.",
            )
        self._folder, self._threads = folder, threads
        known = [*NEEDED, *(name for name in HELPFUL if _file(folder, name).is_file())]
        self._sessions = {name: self._opened(name, device) for name in known}

    def has(self, name: str) -> bool:
        """Whether this network is there."""
        return name in self._sessions

    @property
    def is_on_processor(self) -> bool:
        """Whether the processor computes the pictures, be it because the device cannot."""
        return bool(self._sessions[WARPING].get_providers()[0] == CPU)

    def appearance(self, crop: Image) -> Floats:
        """Return the feature volume, (1, 32, 16, 64, 64), of a crop (256, 256, 3)."""
        return self._run(APPEARANCE, [_planes(crop)])[0]

    def motion(self, crop: Image) -> Keypoints:
        """Return the keypoints of a crop (256, 256, 3)."""
        session = self._sessions[MOTION]
        names = [output.name for output in session.get_outputs()]
        found = dict(zip(_ordered(names, _MOTION), self._run(MOTION, [_planes(crop)]), strict=True))
        try:
            return Keypoints(
                canonical=found["kp"].reshape(POINTS, 3),
                expression=found["exp"].reshape(POINTS, 3),
                pitch=degrees_of(found["pitch"]),
                yaw=degrees_of(found["yaw"]),
                roll=degrees_of(found["roll"]),
                scale=float(found["scale"].reshape(-1)[0]),
                shift=found["t"].reshape(-1)[:2],
            )
        except (KeyError, ValueError, IndexError) as error:
            raise _other(MOTION) from error

    def picture(self, feature: Floats, source: Floats, driving: Floats) -> Image:
        """Return the moved crop, uint8, (512, 512, 3), for placed points (21, 3)."""
        given = dict(zip(_WARPING, (feature, driving[None], source[None]), strict=True))
        names = [each.name for each in self._sessions[WARPING].get_inputs()]
        values = [given[name] for name in _ordered(names, _WARPING)]
        planes = self._run(WARPING, values)[0]
        if planes.ndim != 4 or planes.shape[1] != 3:
            raise _other(WARPING)
        levels = np.clip(planes[0], 0, 1) * 255
        return np.ascontiguousarray(np.rint(levels).astype(np.uint8).transpose(1, 2, 0))

    def stitched(self, source: Floats, driving: Floats) -> Floats:
        """Return driving points that leave what surrounds the face in its place."""
        if not self.has(STITCHING):
            return driving
        delta = self._small(STITCHING, [source, driving], 3 * POINTS + 2)
        points = driving + delta[: 3 * POINTS].reshape(POINTS, 3)
        points[:, :2] += delta[3 * POINTS :]
        return points

    def retargeted(self, name: str, source: Floats, ratios: list[float]) -> Floats:
        """Return how the points move from the ratios that the portrait has to the last one,
        (21, 3). `name`: EYES or LIPS."""
        delta = self._small(name, [source, np.array(ratios, np.float32)], 3 * POINTS)
        return delta.reshape(POINTS, 3)

    def _small(self, name: str, parts: list[Floats], count: int) -> Floats:
        given = np.concatenate([part.reshape(-1) for part in parts])[None].astype(np.float32)
        delta = self._run(name, [given])[0].reshape(-1)
        if len(delta) != count:
            raise _other(name)
        return delta

    def _opened(self, name: str, device: str) -> Any:
        """Open a file on the device; where that cannot compute it, on the processor."""
        path = _file(self._folder, name)
        if device != "cpu":
            session = open_session(path, _TEXTS, self._threads, device)
            if session.get_providers()[0] != CPU:
                return session
        return open_session(path, _TEXTS, self._threads)

    def _run(self, name: str, values: list[Any]) -> list[Floats]:
        session = self._sessions[name]
        names = [each.name for each in session.get_inputs()]
        if len(names) != len(values):
            raise _other(name)
        feeds = dict(zip(names, values, strict=True))
        try:
            with inference_errors(_TEXTS):
                found: list[Floats] = session.run(None, feeds)
        except EngineFailed:
            if session.get_providers()[0] == CPU:
                raise
            self._sessions[name] = self._opened(name, "cpu")  # GridSample in 5 dimensions
            return self._run(name, values)
        return found


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.onnx"


def _planes(crop: Image) -> Floats:
    return np.ascontiguousarray(crop.transpose(2, 0, 1)[None], np.float32) / np.float32(255)


def _ordered(names: list[str], published: tuple[str, ...]) -> list[str]:
    """Return names as published; a file with other names has the published order."""
    return names if set(names) == set(published) else list(published[: len(names)])


def _other(name: str) -> InputInvalid:
    return InputInvalid(f"{name}.onnx is another network than LivePortrait's.", _TEXTS.if_damaged)
