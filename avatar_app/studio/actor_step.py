"""The step “actor”: a prompt, a photo or a name becomes an avatar that a face engine can move."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.avatars import library as avatars
from avatar_app.avatars.archive import SUFFIX, import_avatar
from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.detection.faces import face_detector_factory
from avatar_app.core.errors import InputInvalid
from avatar_app.core.generation import ImageRequest, Verification
from avatar_app.core.home import expanded
from avatar_app.core.jobs import Job, JobPart
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import MANIFEST, PORTRAIT
from avatar_app.media.provenance import mark_png
from avatar_app.runtime.kinds import BUILTIN
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import Settings
from avatar_app.studio.engine_cache import StudioEngines
from avatar_app.studio.recipe import VisualTrack
from avatar_app.studio.work_folder import content_digest
from avatar_app.system.paths import AppPaths

ACTOR = "actor"
"""The name of the avatar's folder in a result."""
ATTEMPTS = 3
"""Pictures that are drawn, each with the next seed, until one fits."""
PORTRAIT_PROMPT = "{prompt}, portrait photograph of one person, face to the camera, mouth closed"
DRAWING = "drawing"
"""The picture of a prompt, in a result."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the actor comes from."""

    folder: Path | None = None
    """An avatar that is there already."""
    file: Path | None = None
    """A photo or .avatar file."""
    prompt: str = ""
    drawn: str = ""
    """A drawn character, which needs no avatar."""

    @property
    def is_ready(self) -> bool:
        return not (self.file or self.prompt)


def actor_source(
    track: VisualTrack, settings: Settings, paths: AppPaths, registry: Registry
) -> Source:
    """Return where the actor comes from; raises ConfigInvalid for an unknown name."""
    if track.prompt:
        return Source(prompt=track.prompt)
    if track.photo:
        return Source(file=_existing(expanded(track.photo)))
    drawn = drawn_characters(registry)
    usual = settings.face.options
    name = track.avatar or str(usual.get("avatar", ""))
    if track.face == BUILTIN[Kind.FACE] or not name or name in drawn:
        return Source(drawn=name if name in drawn else str(usual.get("character") or drawn[0]))
    path = expanded(name)
    if (path / MANIFEST).is_file():
        return Source(folder=path)
    return Source(folder=avatars.AvatarLibrary.of(paths).folder(name))


def drawn_characters(registry: Registry) -> tuple[str, ...]:
    """Return the characters of the built-in face."""
    manifest = registry.find(Kind.FACE, BUILTIN[Kind.FACE])
    return next(option.values for option in manifest.options if option.name == "character")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise InputInvalid(f"The file {path} does not exist.", "Check the path.")
    return path


def source_inputs(source: Source, track: VisualTrack) -> dict[str, Any]:
    """Return what the actor depends on, JSON-compatible."""
    if source.folder is not None:
        return {"avatar": content_digest(source.folder)}
    if source.file is not None:
        return {"file": content_digest(source.file)}
    inputs = {"prompt": source.prompt, "negative": track.negative_prompt, "seed": track.seed}
    return inputs if source.prompt else {"drawn": source.drawn}


def make_actor(
    source: Source,
    track: VisualTrack,
    settings: Settings,
    engines: StudioEngines,
    paths: AppPaths,
    folder: Path,
    job: Job[Any],
) -> None:
    """Make the avatar of a photo or prompt in `folder`/actor.

    Raises InputInvalid where there is no face, or no picture fits the prompt, and what the engines
    raise.
    """
    detector = face_detector_factory(settings.avatars, paths.models)
    library = avatars.AvatarLibrary(folder)
    if source.file is not None:
        if source.file.suffix.lower() == SUFFIX:
            import_avatar(source.file, ACTOR, library)
        else:
            make_avatar(source.file, ACTOR, job, library, detector)
        return
    draw_portrait(source.prompt, track, settings, engines, folder, job, library, detector)


def draw_portrait(
    prompt: str,
    track: VisualTrack,
    settings: Settings,
    engines: StudioEngines,
    folder: Path,
    job: Job[Any],
    library: avatars.AvatarLibrary,
    detector: Any,
) -> Verification:
    """Draw pictures of a prompt until one fits and has a face; make it the avatar."""
    refused: list[str] = []
    for attempt in range(ATTEMPTS):
        part = JobPart[Any](job, "draw", attempt / ATTEMPTS, 0.8 / ATTEMPTS)
        picture = draw(prompt, track.negative_prompt, track.seed + attempt, settings, engines, part)
        checked = check_picture(picture, prompt, settings, engines, part)
        path = write_picture(picture, folder / f"{DRAWING}.png")
        if not checked.fits:
            refused.append("did not show what the prompt says")
            continue
        try:
            make_avatar(
                path, ACTOR, JobPart(job, "find", part_end(attempt), 0.1), library, detector
            )
        except InputInvalid as error:
            refused.append(error.message)
            continue
        return checked
    raise InputInvalid(
        f"None of {ATTEMPTS} pictures of “{prompt[:60]}” can be used: {refused[-1]}",
        "Describe one person who looks into the camera, choose another seed, or lower the "
        "thresholds of studio.verify.options.",
    )


def part_end(attempt: int) -> float:
    """Return the fraction of the job at which the drawing of an attempt is done."""
    return (attempt + 0.8) / ATTEMPTS


def draw(
    prompt: str,
    negative: str,
    seed: int,
    settings: Settings,
    engines: StudioEngines,
    job: Job[Any],
) -> Image:
    """Return a portrait for a prompt, uint8, shape (512, 512, 3), RGB."""
    request = ImageRequest(PORTRAIT_PROMPT.format(prompt=prompt), negative, seed % 2**32)
    with engines.use(Kind.IMAGE, settings.studio.image) as engine:
        return np.asarray(engine.draw(request, job), np.uint8)


def check_picture(
    picture: Image, prompt: str, settings: Settings, engines: StudioEngines, job: Job[Any]
) -> Verification:
    """Return how well a picture fits its prompt, as the chosen verifier says."""
    with engines.use(Kind.VERIFY, settings.studio.verify) as verifier:
        verification: Verification = verifier.verify(picture, prompt, job)
        return verification


def write_picture(picture: Image, path: Path) -> Path:
    """Write a PNG that is marked as synthetic. Raises OSError."""
    import cv2

    _, png = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    path.write_bytes(mark_png(png.tobytes()))
    return path


def read_portrait(folder: Path) -> Image:
    """Return an avatar's picture, uint8, shape (height, width, 3), RGB."""
    import cv2

    picture = cv2.imread(str(folder / PORTRAIT), cv2.IMREAD_COLOR)
    if picture is None:
        raise InputInvalid(f"The avatar {folder} has no picture.", "Add it once more.")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
