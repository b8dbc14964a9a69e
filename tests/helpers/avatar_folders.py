"""Avatars of a test: made once from a photo, then copied under any names."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from avatar_app.avatars.archive import import_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.system.paths import app_paths

DATA = Path(__file__).parents[1] / "data"
ASTRONAUT = DATA / "faces" / "astronaut.png"
EILEEN = DATA / "data-972e2c0" / "eileen.avatar"


@cache
def _unpacked() -> tuple[Path, TemporaryDirectory[str]]:
    kept = TemporaryDirectory()
    library = AvatarLibrary(Path(kept.name) / "avatars")
    import_avatar(EILEEN, "eileen", library)
    return library.folder("eileen"), kept


def add_avatars(titles: Iterable[str]) -> AvatarLibrary:
    """Put one avatar under each title into the user's library."""
    library = AvatarLibrary.of(app_paths())
    for title in titles:
        name = library.free_name("new")
        shutil.copytree(_unpacked()[0], library.root / name)
        library.rename(name, title)
    return library
