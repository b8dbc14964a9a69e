"""Renders the idle loop of a photo avatar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from avatar_app.avatars.life import give_life
from avatar_app.core.generation import AnimateRequest
from avatar_app.core.jobs import Job, JobPart
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Image
from avatar_app.engines.face.animation.face_motion import idle_loop
from avatar_app.engines.face.portrait.avatar import Avatar, load_avatar
from avatar_app.engines.face_detection.detector import FaceDetector
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice

FPS = 25.0
_RENDERED = 0.9
"""Share of the work."""
_COARSE = 3
"""Pixels of a frame for one of its preview, both ways."""


def animate_avatar(
    folder: Path,
    choice: EngineChoice,
    registry: Registry,
    job: Job[Any],
    seconds: float,
    make_detector: Callable[[], FaceDetector] = FaceDetector,
) -> Avatar:
    """Let the photo avatar in `folder` breathe, blink and look around, by an engine of the kind
    `animate`; returns the avatar with its loop.

    Raises what the engine and `give_life` raise; then, and where the job is cancelled, the avatar
    stays what it was.
    """
    manifest = registry.find(Kind.ANIMATE, choice.engine)
    with closing(create_engine(registry, manifest, choice.options)) as engine:
        frames = _frames(engine, load_avatar(folder).portrait, seconds, job)
        return give_life(folder, frames, FPS, job, make_detector)


def _frames(engine: Any, portrait: Image, seconds: float, job: Job[Any]) -> Iterator[Image]:
    request = AnimateRequest(portrait, motion=idle_loop(seconds, FPS), fps=FPS)
    part = JobPart[Any](job, "Moving the portrait", 0.0, _RENDERED)
    for index, frame in enumerate(engine.animate(request, part), start=1):
        share = index / len(request.motion)
        part.report(share, "Moving the portrait", frame.image[::_COARSE, ::_COARSE])
        yield frame.image
