"""Portraits from prompts, and portraits that move: to files, or as avatars."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from avatar_app.avatars import library as avatars
from avatar_app.avatars.clip.reading import open_clip
from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.detection.faces import face_detector_factory
from avatar_app.avatars.photo import read_photo
from avatar_app.core.errors import EngineFailed
from avatar_app.core.generation import AnimateRequest, Verification
from avatar_app.core.jobs import Job, JobPart
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Image
from avatar_app.engines.face.animation.face_motion import idle_loop
from avatar_app.media.clip_formats import ClipCodec, ClipQuality, encoding_of
from avatar_app.media.clip_writer import ClipContent, write_clip
from avatar_app.studio.actor_step import DRAWING, draw_portrait
from avatar_app.studio.life_step import LOOP_FPS, LOOP_SECONDS
from avatar_app.studio.names import format_of_clip
from avatar_app.studio.recipe import VisualTrack
from avatar_app.studio.slot import Workshop

MOST_DRIVING = 250
"""Frames of a driving clip that are used."""


def portrait_from_prompt(
    shop: Workshop,
    prompt: str,
    negative: str,
    seed: int,
    picture: Path | None,
    avatar: str,
    job: Job[Any],
) -> Verification:
    """Draw a portrait with a face that fits the prompt. It becomes the PNG `picture`, and the
    avatar called `avatar` in the user's library, where they are given.

    Raises InputInvalid where no drawing fits or has a face, ModelMissing without an engine.
    """
    library = avatars.AvatarLibrary.of(shop.paths)
    if avatar:
        library.check_free(avatars.name_for(avatar))
    track = VisualTrack(prompt=prompt, negative_prompt=negative, seed=seed)
    detector = face_detector_factory(shop.settings.avatars, shop.paths.models)
    with TemporaryDirectory(prefix="avatar-portrait-") as root:
        folder, part = Path(root), JobPart[Any](job, "draw", 0.0, 0.9)
        own = avatars.AvatarLibrary(folder)
        checked = draw_portrait(
            track.prompt, track, shop.settings, shop.engines, folder, part, own, detector
        )
        drawing = folder / f"{DRAWING}.png"
        if avatar:
            last = JobPart[Any](job, "avatar", 0.9, 0.1)
            make_avatar(drawing, avatars.name_for(avatar), last, library, detector, title=avatar)
        if picture is not None:
            picture.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(drawing, picture)
    return checked


def moving_portrait(
    shop: Workshop, portrait: Path, driving: Path | None, output: Path, job: Job[Any]
) -> int:
    """Write a film of a portrait that breathes, blinks and looks around, or that moves like the
    face of a driving clip; returns the number of frames.

    Raises InputInvalid for files that cannot be used, and what the engine raises.
    """
    encoding = encoding_of(format_of_clip(output), ClipCodec.AUTO, ClipQuality.HIGH)
    picture = _even(read_photo(portrait))
    fps = LOOP_FPS
    if driving is None:
        request = AnimateRequest(picture, motion=idle_loop(LOOP_SECONDS, LOOP_FPS), fps=fps)
    else:
        clip = open_clip(driving)
        fps = min(max(clip.rate, 1.0), 60.0)
        request = AnimateRequest(picture, driving=tuple(_driving(clip)), fps=fps)
    drawing = JobPart[Any](job, "draw", 0.0, 0.9)
    with shop.engines.use(Kind.ANIMATE, shop.settings.studio.animate) as animator:
        frames = [each.image for each in animator.animate(request, drawing)]
    if not frames:
        raise EngineFailed("The engine made no pictures.", "Choose another one.")
    content = ClipContent(np.stack(frames), fps)
    write_clip(content, output, encoding, lambda share: job.report(0.9 + 0.1 * share, "Writing"))
    return len(frames)


def _driving(clip: Any) -> Iterator[Image]:
    yield from islice(clip.frames(), MOST_DRIVING)


def _even(picture: Image) -> Image:
    height, width = picture.shape[:2]
    return np.ascontiguousarray(picture[: height // 2 * 2, : width // 2 * 2])
