"""Sample avatars for screenshots: the drawn characters, photographed, as somebody's family."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.engines import Face
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.core.values import FaceState, Image
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.session.avatar_choices import AvatarChoices
from avatar_app.session.avatar_gallery import AvatarGallery
from avatar_app.session.avatar_studio import AvatarStudio
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import AppPaths

_PEOPLE = (("Ada", "mira", "dusk"), ("Uncle Theo", "theo", "sand"), ("Fox", "pip", "lagoon"))
"""Titles, characters and backdrops."""
_SIDE = 640


class SampleAvatars(NamedTuple):
    """What a session knows of avatars."""

    avatars: AvatarGallery
    studio: AvatarStudio
    photo: Path
    """Two people side by side."""


def sample_avatars(settings: SettingsStore, paths: AppPaths, registry: Registry) -> SampleAvatars:
    """Return a library of a few avatars; they are made at the first call."""
    library = AvatarLibrary.of(paths)
    if not library.names():
        for title, character, backdrop in _PEOPLE:
            photo = paths.cache / f"{character}.png"
            _write(photo, _portrait(registry, character, backdrop))
            name = library.free_name("new")
            Job[Any](title, partial(_make, photo, name, library)).run()
            library.rename(name, title)
    choices = AvatarChoices(registry, library)
    return SampleAvatars(
        AvatarGallery(choices, settings, paths),
        AvatarStudio(choices, settings, paths),
        _group_photo(registry, paths.cache / "weekend.png"),
    )


def _make(photo: Path, name: str, library: AvatarLibrary, job: Job[Any]) -> None:
    make_avatar(photo, name, job, library)


def _group_photo(registry: Registry, path: Path) -> Path:
    """Write a photo of two of them side by side."""
    if path.exists():
        return path
    people = [_portrait(registry, who, "meadow") for who in ("theo", "mira")]
    _write(path, np.concatenate(people, axis=1))
    return path


def _portrait(registry: Registry, character: str, backdrop: str) -> Image:
    options = {"character": character, "background": backdrop, "width": _SIDE, "height": _SIDE}
    face: Face = create_engine(registry, registry.find(Kind.FACE, "illustrated"), options)
    try:
        return face.rest(FaceState.IDLE).image
    finally:
        face.close()


def _write(path: Path, picture: Image) -> None:
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
