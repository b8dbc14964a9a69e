"""The step “frames”: an actor says the speech, drawn by a face engine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import EngineFailed, ModelMissing
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import Image, SpeechChunk
from avatar_app.render.device import batch_on, threads, usable_device
from avatar_app.render.engines import ENGINE, PRECISION, UNENHANCED, open_touch
from avatar_app.render.inputs import find_weights
from avatar_app.render.rendering import CLOSING, first_seconds, frames_of
from avatar_app.runtime.kinds import BUILTIN, PHOTO
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.studio.buffers import ClipBuffers
from avatar_app.studio.engine_cache import StudioEngines
from avatar_app.studio.frame_file import FrameFile
from avatar_app.studio.recipe import OutputTrack, VisualTrack
from avatar_app.studio.speech_step import StoredSpeech
from avatar_app.system.paths import AppPaths

AUTO = "auto"
_PREVIEW_EVERY = 12
"""Frames."""
_LEAST_FPS = 8.0


@dataclass(frozen=True, slots=True)
class FaceVariant:
    """One way to draw the frames."""

    face: str
    fps: float
    enhanced: bool = False
    is_renderer: bool = False
    """It is a renderer, and no face."""

    @property
    def name(self) -> str:
        """Name it in plans and measurements."""
        return f"{self.face}{'+detail' if self.enhanced else ''}@{self.fps:g}"


def face_variants(
    track: VisualTrack,
    output: OutputTrack,
    *,
    is_drawn: bool,
    settings: Settings,
    paths: AppPaths,
) -> tuple[FaceVariant, ...]:
    """Return how the frames can be drawn, the best way first."""
    if track.renderer:
        return (FaceVariant(track.renderer, output.fps, is_renderer=True),)
    fps, half = output.fps, max(output.fps / 2, _LEAST_FPS)
    faces: list[tuple[str, bool]] = []
    detail = settings.face_enhancement.engine != UNENHANCED
    if is_drawn:
        own = [] if track.face == AUTO else [(track.face, False)]
        faces = [*own, (BUILTIN[Kind.FACE], False)]
    elif track.face == AUTO:
        if has_lips(settings, paths):
            faces = ([(ENGINE, True)] if detail else []) + [(ENGINE, False)]
        faces.append((PHOTO, False))
    else:
        faces = [(track.face, detail and track.face == ENGINE), (PHOTO, False)]
    variants = [FaceVariant(face, fps, enhanced) for face, enhanced in dict.fromkeys(faces)]
    if half < fps:
        variants.append(FaceVariant(faces[-1][0], half))
    return tuple(variants)


def has_lips(settings: Settings, paths: AppPaths) -> bool:
    """Whether the weights of the lip-sync face are installed."""
    try:
        find_weights(settings.render.profile(settings.render.quality).model, paths)
    except ModelMissing:
        return False
    return True


def face_choice(
    variant: FaceVariant,
    actor: Path | None,
    drawn: str,
    output: OutputTrack,
    settings: Settings,
    engines: StudioEngines,
    paths: AppPaths,
) -> EngineChoice:
    """Return the face engine of a variant, with its options."""
    known = {option.name for option in engines.manifest(Kind.FACE, variant.face).options}
    own = settings.face.options if settings.face.engine == variant.face else {}
    options = {name: value for name, value in own.items() if name in known}
    wanted: dict[str, Any] = {
        "width": output.width,
        "height": output.height,
        "fps": variant.fps,
        "avatar": "" if actor is None else str(actor),
        "character": drawn,
    }
    options |= {name: value for name, value in wanted.items() if name in known and value}
    if variant.face == ENGINE:
        profile = settings.render.profile(settings.render.quality)
        device = usable_device(settings.render.device)
        options |= {
            "model": str(find_weights(profile.model, paths)),
            "device": str(device),
            "precision": PRECISION,
            "threads": threads(),
            "batch": batch_on(device, profile.lip_batch),
        }
    return EngineChoice(engine=variant.face, options=options)


def frame_count(seconds: float, fps: float) -> int:
    """Return the number of frames that speech of so many seconds has."""
    return max(1, math.ceil(seconds * fps - 1e-6))


def make_frames(
    variant: FaceVariant,
    choice: EngineChoice,
    speech: StoredSpeech,
    actor: Path | None,
    output: OutputTrack,
    buffers: ClipBuffers,
    settings: Settings,
    engines: StudioEngines,
    folder: Path,
    job: Job[Any],
) -> Image:
    """Draw all frames into the buffers and return them, uint8, shape (n, height, width, 3); they
    are written into `folder` as well.

    Raises OutOfMemory, EngineFailed and what the face raises.
    """
    count = frame_count(speech.seconds, variant.fps)
    room = buffers.frames(count, output.width, output.height)
    turn = Turn(1)
    job.when_cancelled(turn.cancel)
    with ExitStack() as opened:
        face = opened.enter_context(engines.use(Kind.FACE, choice))
        touch: Any = iter
        if variant.enhanced and actor is not None:
            device = str(choice.options.get("device", "cpu"))
            detail = settings.face_enhancement
            touch = open_touch(
                engines.registry, detail, actor, device, engines.registry.paths, opened
            )
        until = (count - math.ceil(CLOSING * variant.fps - 1e-6) - 0.5) / variant.fps
        heard = _until(speech, until)
        file = opened.enter_context(FrameFile(folder, room, variant.fps))
        try:
            for index, frame in enumerate(touch(frames_of(face, heard, turn, count))):
                if frame.image.shape != room.shape[1:]:
                    raise EngineFailed(
                        f"The face {choice.engine} drew a picture of another size.",
                        "Choose another face.",
                    )
                room[index] = frame.image
                file.add(index)
                preview = room[index].copy() if index % _PREVIEW_EVERY == 0 else None
                job.report((index + 1) / count, "Drawing", preview)
        except TurnCancelled:
            job.check()
            raise
    return room


def _until(speech: StoredSpeech, seconds: float) -> Iterator[SpeechChunk]:
    for chunk in speech.chunks:
        if seconds > 0:
            length = chunk.audio.seconds
            yield chunk if length <= seconds else first_seconds(chunk, seconds)
            seconds -= length
