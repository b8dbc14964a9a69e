"""The idle loop of an avatar: a short seamless clip of the person at rest."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.checking import array_of, arrays_of, bytes_of, damaged

IDLE_CLIP = "idle.mp4"
IDLE_TRACK = "idle.npz"
IDLE_FILES = (IDLE_CLIP, IDLE_TRACK)
MOST_FRAMES = 90
"""Largest number of frames: what face engines compute for each of them must fit into memory."""
RENDERED = "rendered"
"""Marks a loop that is no film of the person."""
LEAST_FRAMES = 8
_CLIP_BYTES = 40_000_000
_FPS = (4.0, 60.0)

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Idle:
    """The clip, and the position of the face in each frame, in pixels of the portrait."""

    clip: bytes
    """H.264 in mp4; frames have the size of the portrait."""
    path: Path
    """The file it was read from, for messages."""
    fps: float
    mirrored: bool
    """Whether it is played forwards, then backwards."""
    boxes: Points
    """float32, (frames, 4): the face box x0, y0, x1, y1."""
    marks: Points
    """float32, (frames, points, 2): the landmarks of all groups, concatenated."""
    size: tuple[int, int]
    """Width and height."""

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def seconds(self) -> float:
        """Return the duration of one repetition."""
        return self._period / self.fps

    @property
    def _period(self) -> int:
        return 2 * len(self) - 2 if self.mirrored else len(self)

    def frame_at(self, clock: float) -> int:
        """Return the index of the frame at `clock`, in seconds since the face was created."""
        step = round(clock * self.fps) % self._period
        return step if step < len(self) else self._period - step

    def pictures(self) -> Iterator[Image]:
        """Decode the frames, uint8 (height, width, 3), RGB. Raises InputInvalid if the clip is
        damaged."""
        import av

        count = 0
        try:
            with av.open(io.BytesIO(self.clip), "r", format="mp4") as film:
                stream = film.streams.video[0]
                stream.codec_context.options = {
                    "max_pixels": str((self.size[0] + 64) * (self.size[1] + 64))
                }
                for frame in film.decode(stream):
                    if (frame.width, frame.height) != self.size:
                        raise damaged(self.path, "its frames are not as large as the portrait")
                    count += 1
                    if count > len(self):
                        break
                    yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        except (av.FFmpegError, IndexError, ValueError, MemoryError) as error:
            raise damaged(self.path, "it is no film, or cut off") from error
        if count != len(self):
            raise damaged(self.path, f"it has not the {len(self)} frames that it should")


def load_idle(folder: Path, entry: dict[str, Any], points: int, size: tuple[int, int]) -> Idle:
    """Load the loop of a manifest's entry, which `is_entry` has checked. Raises InputInvalid if
    anything is wrong with its files."""
    clip, track = folder / IDLE_CLIP, folder / IDLE_TRACK
    count = entry["frames"]
    arrays = arrays_of(track, ("boxes", "landmarks"))
    boxes = array_of(arrays, "boxes", (count, 4), np.float32, track)
    marks = array_of(arrays, "landmarks", (count, points, 2), np.float32, track)
    _check_boxes(boxes, size, track)
    if np.abs(marks).max() > 2 * max(size):
        raise damaged(track, "its landmarks lie far away")
    content = bytes_of(clip, _CLIP_BYTES)
    return Idle(content, clip, float(entry["fps"]), entry["mirrored"], boxes, marks, size)


def is_entry(entry: Any) -> bool:
    """Return whether a manifest's entry describes an idle loop."""
    return (
        isinstance(entry, dict)
        and type(entry.get("frames")) is int
        and LEAST_FRAMES <= entry["frames"] <= MOST_FRAMES
        and type(entry.get("fps")) in (int, float)
        and _FPS[0] <= entry["fps"] <= _FPS[1]
        and type(entry.get("mirrored")) is bool
    )


def _check_boxes(boxes: Points, size: tuple[int, int], path: Path) -> None:
    low, high = boxes[:, :2], boxes[:, 2:]
    within = (low >= 0).all() and (high <= np.asarray(size)).all()
    if not within or (high - low < 8).any():
        raise damaged(path, "its boxes do not lie in the portrait")
