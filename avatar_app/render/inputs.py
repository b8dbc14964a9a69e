"""Resolves the inputs of a film: avatars by name or photo, weights by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from avatar_app.avatars.archive import SUFFIX, import_avatar
from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.detection.faces import FaceDetector
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import ModelMissing
from avatar_app.core.home import expanded
from avatar_app.core.jobs import Job
from avatar_app.engines.face.portrait.avatar import MANIFEST, Avatar
from avatar_app.models.resolve import installed_path
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

WEIGHTS = (".pth", ".safetensors", ".onnx")
"""Extensions of files with a network's weights."""
LIVE_PORTRAIT = "live_portrait"
_PHOTO_AVATAR = "photo"


@contextmanager
def avatar_folder(
    avatar: str | Path, paths: AppPaths, make_detector: Callable[[], FaceDetector] = FaceDetector
) -> Iterator[Path]:
    """Return the folder of an avatar, given by name, by its folder, as an .avatar file or as a
    photo.

    From a photo a temporary avatar is created, which lasts as long as the context; `make_detector`
    creates the face detector. Raises InputInvalid where the photo cannot be used, ConfigInvalid for
    an unknown name.
    """
    path, library = expanded(avatar), AvatarLibrary.of(paths)
    if avatar in library.names():
        yield library.folder(str(avatar))
    elif (path / MANIFEST).is_file():
        yield path
    elif not path.is_file():
        yield library.folder(str(avatar))
    else:
        with TemporaryDirectory(prefix="avatar-render-") as root:
            own = AvatarLibrary(Path(root))
            if path.suffix == SUFFIX:
                import_avatar(path, _PHOTO_AVATAR, own)
            else:
                Job[Avatar](
                    "", lambda job: make_avatar(path, _PHOTO_AVATAR, job, own, make_detector)
                ).run()
            yield own.folder(_PHOTO_AVATAR)


def find_weights(model: str | Path, paths: AppPaths) -> Path:
    """Return the file of a network's weights: a path, or a name in the folder of models.

    There it is `<name>.pth` (or .safetensors, .onnx), or in a folder `<name>`.
    """
    given = expanded(model)
    if given.is_file():
        return given
    if len(given.parts) == 1:
        if fetched := installed_path(str(given), paths):
            return fetched
        files = (paths.models / f"{given}{ending}" for ending in WEIGHTS)
        inside = sorted((paths.models / given).glob("*"))
        for path in (*files, *inside):
            if path.suffix in WEIGHTS and path.is_file():
                return path
    raise ModelMissing(
        f"The weights {given} do not exist.",
        f"Type: avatar-app models download {given.stem}; or put {given.stem}.pth into "
        f"{paths.models}, or say where yours is.",
    )


def live_portrait_folder(given: str, settings: Settings) -> Path:
    """Return the folder of LivePortrait's networks: the given one, or that of the studio's engine
    or of the face, if it is theirs. Raises ModelMissing where none is chosen."""
    for choice in (settings.studio.animate, settings.face):
        if not given and choice.engine == LIVE_PORTRAIT:
            given = str(choice.options.get("model", ""))
    if not given:
        raise ModelMissing(
            "No folder of LivePortrait's networks is chosen.",
            "Put its ONNX files into a folder and name it: studio.animate.options.model=FOLDER",
        )
    return expanded(given)
