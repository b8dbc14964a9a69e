"""Clips of a real face for tests: the astronaut's photo, moved by the photo face's own renderer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.engines.face.animation.pose import Expression, Mouth, Pose
from avatar_app.engines.face.photo.scene import Scene
from avatar_app.engines.face.portrait.avatar import Avatar, load_avatar

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
Motion = Callable[[float], Pose]
"""The pose at a time in seconds."""


def made(source: Path, library: AvatarLibrary, name: str = "ada") -> Path:
    """The folder of an avatar of `source`."""
    Job[Avatar]("making", lambda job: make_avatar(source, name, job, library)).run()
    return library.folder(name)


def swaying(time: float) -> Pose:
    """Comes back to where it was every 1.6 seconds, and blinks once."""
    turn = math.tau * time / 1.6
    blink = max(0.0, 1 - abs(time % 1.6 - 0.8) / 0.1)
    head = Expression(yaw=0.45 * math.sin(turn), pitch=0.25 * math.cos(turn), roll=math.sin(turn))
    return Pose(expression=head, blink=blink, engagement=1.0)


def talking(time: float) -> Pose:
    opening = 0.35 + 0.35 * math.sin(math.tau * 3 * time)
    return Pose(mouth=Mouth(opening=opening, jaw=opening), engagement=1.0)


def frames(
    avatar: Avatar, motion: Motion, seconds: float, rate: float = 15, side: int = 480
) -> Iterator[Image]:
    """Square pictures of an avatar that moves; its own lips are closed."""
    scene = Scene(avatar, side, side)
    for index in range(round(seconds * rate)):
        yield scene.paint(motion(index / rate))


def write_clip(path: Path, pictures: Iterator[Image], rate: float = 15) -> Path:
    """An mp4."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(rate), options={"crf": "14"})
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            if not stream.codec_context.is_open:
                stream.height, stream.width = picture.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def shifted(picture: Image, x: float, y: float) -> Image:
    place = np.array([[1, 0, x], [0, 1, y]], np.float64)
    size = picture.shape[1], picture.shape[0]
    moved = cv2.warpAffine(picture, place, size, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.uint8)


def astronaut(library: AvatarLibrary) -> Avatar:
    return load_avatar(made(ASTRONAUT, library))
