"""Imports a clip: the best still picture, and an idle loop of the person."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.avatars.clip.analysis import watch
from avatar_app.avatars.clip.loop import FADE, Loop, fill_gaps, find_loop, smooth_curve
from avatar_app.avatars.clip.quality import best_still, gaps_of, mouth_moves, usable_part
from avatar_app.avatars.clip.reading import Clip, open_clip
from avatar_app.avatars.detection.faces import FaceDetector
from avatar_app.avatars.landmarks import Floats, landmarks_of
from avatar_app.avatars.notes import check_face
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.idle import IDLE_CLIP, IDLE_TRACK

BELOW = 10
"""Pixels that Wav2Lip's face box reaches below the chin."""
_QUALITY = {"preset": "fast", "crf": "16"}
_STEADY, _STEADY_BOX, _STEADY_SIZE = 1.0, 2.0, 6.0
"""Frames over which the landmarks, the box's position and its size are smoothed: a network's jitter
would show as a trembling mouth."""


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """The idle loop of a clip, not yet written; `begin` and `end` of the loop count its frames."""

    clip: Clip
    loop: Loop
    boxes: Floats
    """(frames, 4)"""
    marks: Floats
    """(frames, points, 2)"""

    @property
    def entry(self) -> dict[str, Any]:
        """Return the manifest entry."""
        return {
            "frames": len(self.boxes),
            "fps": round(self.clip.rate, 4),
            "mirrored": self.loop.mirrored,
        }


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredFace:
    """The pictures and measurements for an avatar."""

    picture: Image
    mesh: Floats
    """(468, 3), in pixels of the picture."""
    notes: tuple[str, ...]
    film: Film | None = None


def measure_clip(
    path: Path, job: Job[Any], make_detector: Callable[[], FaceDetector] = FaceDetector
) -> MeasuredFace:
    """Import the person in a clip; raises InputInvalid where it cannot be used."""
    clip = open_clip(path)
    detector = make_detector()
    watched = watch(clip, detector, job, (0.0, 0.75))
    part, notes = usable_part(watched, path)
    job.report(0.76, "Looking for a loop")
    seen = fill_gaps(watched.meshes[part])
    gaps, meshes = gaps_of(seen), smooth_curve(seen, _STEADY)
    loop = find_loop(meshes, gaps, watched.sights[part], watched.rate)
    job.report(0.8, "Selecting the best picture")
    still = best_still(watched, part)
    picture = next(islice(clip.frames(), still, None))
    faces = detector.faces(picture)
    mesh = detector.mesh(picture, faces[0])[0] if faces else watched.meshes[still]
    notes += check_face(picture, mesh, 1, "clip")
    if mouth_moves(gaps[loop.begin : loop.end]):
        notes += ("The mouth moves throughout; a clip in which you listen looks better.",)
    film = Film(
        clip,
        Loop(part.start + loop.begin, part.start + loop.end, loop.mirrored),
        _faded(face_boxes(meshes, clip.size), loop),
        _faded(np.stack([mesh_marks(mesh) for mesh in meshes]), loop),
    )
    return MeasuredFace(picture, mesh, notes, film)


def mesh_marks(mesh: Floats) -> Floats:
    """Return the landmarks of all groups of a mesh, concatenated: (points, 2)."""
    return np.asarray(np.concatenate(list(landmarks_of(mesh).values())), np.float32)


def face_boxes(meshes: Floats, size: tuple[int, int]) -> Floats:
    """Return the face boxes, as `creation.face_box` computes them, but smoothed: (n, 4), inside the
    picture."""
    low, high = meshes[:, :, :2].min(axis=1), meshes[:, :, :2].max(axis=1)
    high = high + np.array([0, BELOW], np.float32)
    middle = smooth_curve((low + high) / 2, _STEADY_BOX)
    half = smooth_curve((high - low) / 2, _STEADY_SIZE)
    most = np.tile(np.asarray(size, np.float32), 2)
    boxes = np.clip(np.concatenate([middle - half, middle + half], axis=1), 0, most)
    return np.asarray(boxes, np.float32)


def _faded(values: Floats, loop: Loop) -> Floats:
    """Return those of the loop's frames; at its end they blend into those before its beginning."""
    chosen = np.array(values[loop.begin : loop.end], np.float32)
    if not loop.mirrored:
        for k in range(FADE):
            share = (k + 1) / (FADE + 1)
            chosen[k - FADE] += (values[loop.begin - FADE + k] - chosen[k - FADE]) * share
    return chosen


def write_idle(folder: Path, film: Film, job: Job[Any], span: tuple[float, float]) -> None:
    """Write the loop's files; `span` is the part of the job's progress."""
    content = io.BytesIO()
    count = len(film.boxes)
    pictures = _with_progress(_pictures(film), count, job, span)
    encode_loop(content, pictures, film.clip.rate, film.clip.size)
    track = io.BytesIO()
    np.savez_compressed(track, boxes=film.boxes, landmarks=film.marks)
    (folder / IDLE_CLIP).write_bytes(content.getvalue())
    (folder / IDLE_TRACK).write_bytes(track.getvalue())


def _with_progress(
    pictures: Iterator[Image], count: int, job: Job[Any], span: tuple[float, float]
) -> Iterator[Image]:
    for index, picture in enumerate(pictures):
        job.report(span[0] + (span[1] - span[0]) * index / count, "Writing the idle loop")
        yield picture


def _pictures(film: Film) -> Iterator[Image]:
    """Yield the loop's frames, cross-faded at its end."""
    import cv2

    loop = film.loop
    before = 0 if loop.mirrored else FADE
    frames = islice(film.clip.frames(), loop.begin - before, loop.end)
    first = list(islice(frames, before))
    fading = loop.end - loop.begin - before
    for index, picture in enumerate(frames):
        if index < fading or loop.mirrored:
            yield picture
        else:
            share = (index - fading + 1) / (FADE + 1)
            over = cv2.addWeighted(picture, 1 - share, first[index - fading], share, 0)
            yield np.asarray(over, np.uint8)


def encode_loop(
    target: io.BytesIO, pictures: Iterator[Image], fps: float, size: tuple[int, int]
) -> None:
    """Write the clip of an idle loop; `size`: width and height of the pictures."""
    import av

    with av.open(target, "w", format="mp4") as container:
        rate = Fraction(fps).limit_denominator(1001)
        stream = container.add_stream("libx264", rate=rate, options=_QUALITY)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv444p" if size[0] % 2 or size[1] % 2 else "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
