"""Gives a photo avatar life: an idle loop that an animator rendered is kept with it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.avatars.clip.importing import encode_loop, face_boxes, mesh_marks
from avatar_app.avatars.clip.loop import smooth_curve
from avatar_app.avatars.landmarks import Floats
from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import (
    MANIFEST,
    VERSION,
    VERSION_WITH_IDLE,
    Avatar,
    check_folder,
    load_avatar,
    read_document,
)
from avatar_app.engines.face.portrait.idle import (
    IDLE_CLIP,
    IDLE_FILES,
    IDLE_TRACK,
    LEAST_FRAMES,
    MOST_FRAMES,
    RENDERED,
)
from avatar_app.engines.face_detection.detector import FaceDetector
from avatar_app.system.files import replacing

_STEADY = 1.0
"""Frames over which the landmarks are smoothed, around the loop."""


def give_life(
    folder: Path,
    frames: Iterator[Image],
    fps: float,
    job: Job[Any],
    make_detector: Callable[[], FaceDetector] = FaceDetector,
) -> Avatar:
    """Keep `frames`, (height, width, 3) each and as large as the portrait, as the idle loop of the
    avatar in `folder`; returns the avatar. The first frame follows the last.

    Until everything is written the avatar stays what it was, or is still. Raises InputInvalid for
    an avatar of a clip, where no face is found in a frame, or the files cannot be written.
    """
    avatar = load_avatar(folder)
    _check_own(folder, avatar)
    detector = make_detector()
    kept, meshes = [], []
    for frame in frames:
        job.check()
        kept.append(_fitting(frame, avatar))
        meshes.append(_mesh(frame, detector, len(kept)))
    if not LEAST_FRAMES <= len(kept) <= MOST_FRAMES:
        raise InputInvalid(
            f"An idle loop has {LEAST_FRAMES} to {MOST_FRAMES} frames, not {len(kept)}.",
            "Choose other seconds, or fewer frames per second.",
        )
    _write(folder, avatar, kept, np.stack(meshes), fps)
    return check_folder(folder)


def take_life(folder: Path) -> None:
    """Make the avatar in `folder` still again. Raises InputInvalid for one of a clip."""
    _check_own(folder, load_avatar(folder))
    document = {k: v for k, v in read_document(folder / MANIFEST).items() if k != "idle"}
    with _told(folder):
        _write_document(folder, document | {"version": VERSION})
        for name in IDLE_FILES:
            (folder / name).unlink(missing_ok=True)


def _check_own(folder: Path, avatar: Avatar) -> None:
    """Raise InputInvalid where the loop was filmed: it could not be rendered again."""
    entry = read_document(folder / MANIFEST).get("idle")
    if avatar.idle is not None and not (isinstance(entry, dict) and entry.get(RENDERED) is True):
        raise InputInvalid(
            f"The avatar {folder.name} was filmed; its loop is its own.",
            "Make an avatar from a photo: avatar-app avatars add PHOTO",
        )


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say what the system says about files that cannot be written."""
    try:
        yield
    except OSError as error:
        raise InputInvalid(
            f"The avatar in {folder} cannot be changed: {error.strerror}.", f"Look at {folder}."
        ) from error


def _mesh(frame: Image, detector: FaceDetector, number: int) -> Floats:
    faces = detector.faces(frame)
    if not faces:
        raise InputInvalid(
            f"There is no face in frame {number} of the loop.", "Choose a weaker motion."
        )
    return detector.mesh(frame, faces[0])[0]


def _fitting(frame: Image, avatar: Avatar) -> Image:
    if frame.shape != avatar.portrait.shape:
        raise InputInvalid(
            "The loop's frames are smaller or larger than the portrait.", "Choose another engine."
        )
    return frame


def _write(
    folder: Path, avatar: Avatar, frames: Sequence[Image], meshes: Floats, fps: float
) -> None:
    height, width = avatar.portrait.shape[:2]
    around = np.concatenate([meshes, meshes, meshes])  # smooth across the seam, too
    steady = smooth_curve(around, _STEADY)
    once = slice(len(meshes), 2 * len(meshes))
    clip, track = io.BytesIO(), io.BytesIO()
    encode_loop(clip, iter(frames), fps, (width, height))
    boxes = face_boxes(steady, (width, height))[once]
    marks = np.stack([mesh_marks(mesh) for mesh in steady[once]])
    np.savez_compressed(track, boxes=boxes, landmarks=marks)
    take_life(folder)
    document = read_document(folder / MANIFEST)
    idle = {"frames": len(frames), "fps": round(fps, 4), "mirrored": False, RENDERED: True}
    with _told(folder):
        for name, content in ((IDLE_CLIP, clip), (IDLE_TRACK, track)):
            with replacing(folder / name) as unfinished:
                unfinished.write_bytes(content.getvalue())
        _write_document(folder, document | {"version": VERSION_WITH_IDLE, "idle": idle})


def _write_document(folder: Path, document: dict[str, Any]) -> None:
    with replacing(folder / MANIFEST) as unfinished:
        text = json.dumps(document, indent=1, ensure_ascii=False)
        unfinished.write_text(text + "\n", encoding="utf-8")
