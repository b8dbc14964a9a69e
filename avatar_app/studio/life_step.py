"""The step “life”: a portrait becomes a seamless loop of somebody who breathes, blinks and looks
around; the face engines draw the lips over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.avatars import library as avatars
from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.detection.faces import face_detector_factory
from avatar_app.core.errors import EngineFailed
from avatar_app.core.generation import (
    SIDE_STEP,
    AnimateRequest,
    VideoRequest,
)
from avatar_app.core.jobs import Job, JobPart
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Image, VideoFrame
from avatar_app.engines.face.animation.face_motion import idle_loop
from avatar_app.media.clip_formats import ClipCodec, ClipFormat, ClipQuality, encoding_of
from avatar_app.media.clip_writer import ClipContent, write_clip
from avatar_app.settings.schema import Settings
from avatar_app.studio.actor_step import ACTOR
from avatar_app.studio.engine_cache import StudioEngines
from avatar_app.studio.recipe import Life
from avatar_app.system.paths import AppPaths

LOOP_SECONDS, LOOP_FPS = 4.0, 25.0
_VIDEO_FRAMES, _VIDEO_FPS = 25, 7.0
_LONGEST_SIDE = 768
"""Pixels of a picture that a video engine begins with."""


def loop_frames(
    life: Life, portrait: Image, settings: Settings, engines: StudioEngines, job: Job[Any]
) -> Iterator[VideoFrame]:
    """Yield the frames of a loop."""
    if life is Life.ANIMATE:
        request = AnimateRequest(portrait, motion=idle_loop(LOOP_SECONDS, LOOP_FPS), fps=LOOP_FPS)
        with engines.use(Kind.ANIMATE, settings.studio.animate) as animator:
            yield from animator.animate(request, job)
        return
    picture = _fitting(portrait)
    height, width = picture.shape[:2]
    film = VideoRequest(picture, width=width, height=height, frames=_VIDEO_FRAMES, fps=_VIDEO_FPS)
    with engines.use(Kind.VIDEO, settings.studio.video) as generator:
        yield from generator.film(film, job)


def give_life(
    life: Life,
    portrait: Image,
    settings: Settings,
    engines: StudioEngines,
    paths: AppPaths,
    folder: Path,
    job: Job[Any],
) -> None:
    """Make the avatar `folder`/actor of a portrait that moves. Raises what the engines raise."""
    drawing = JobPart[Any](job, "loop", 0.0, 0.7)
    frames = [each.image for each in loop_frames(life, portrait, settings, engines, drawing)]
    if not frames:
        raise EngineFailed("The engine made no pictures.", "Choose another one.")
    fps = LOOP_FPS
    if life is Life.VIDEO:
        frames, fps = [*frames, *frames[-2:0:-1]], _VIDEO_FPS  # there and back, so without a seam
    height, width = (side - side % 2 for side in frames[0].shape[:2])
    even = [np.ascontiguousarray(frame[:height, :width]) for frame in frames]
    encoding = encoding_of(ClipFormat.MP4, ClipCodec.H264, ClipQuality.HIGH)
    clip = folder / "loop.mp4"
    write_clip(ClipContent(np.stack(even), fps), clip, encoding, lambda _share: job.check())
    detector = face_detector_factory(settings.avatars, paths.models)
    make_avatar(
        clip, ACTOR, JobPart(job, "avatar", 0.75, 0.25), avatars.AvatarLibrary(folder), detector
    )


def _fitting(portrait: Image) -> Image:
    """Scale a portrait so that both sides are multiples of what video engines take."""
    import cv2

    height, width = portrait.shape[:2]
    scale = min(1.0, _LONGEST_SIDE / max(height, width))
    sides = (max(round(side * scale / SIDE_STEP), 4) * SIDE_STEP for side in (width, height))
    return np.asarray(cv2.resize(portrait, tuple(sides), interpolation=cv2.INTER_AREA), np.uint8)
