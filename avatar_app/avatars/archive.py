"""One .avatar file is a zip of an avatar's folder; opening one trusts nothing about it."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import InputInvalid
from avatar_app.engines.face.portrait.avatar import (
    FILES,
    MANIFEST,
    PORTRAIT,
    Avatar,
    check_folder,
    load_avatar,
)
from avatar_app.engines.face.portrait.idle import IDLE_CLIP, IDLE_FILES
from avatar_app.system.files import replacing

SUFFIX = ".avatar"
_KNOWN = (FILES, (*FILES, *IDLE_FILES))
_PACKED = frozenset({PORTRAIT, IDLE_CLIP})
"""Files that a zip cannot make smaller."""
_MOST_BYTES = 130_000_000
"""Of all files together, unpacked."""
_HINT = "Ask for it again, or create the avatar from a photo."


def export_avatar(folder: Path, target: Path) -> None:
    """Write the avatar in `folder` to the file `target`, completely or not at all."""
    files = check_folder(folder).files
    try:
        with (
            replacing(target) as unfinished,
            zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name in files:
                method = zipfile.ZIP_STORED if name in _PACKED else zipfile.ZIP_DEFLATED
                archive.write(folder / name, name, method)
    except OSError as error:
        raise InputInvalid(
            f"The file {target} cannot be written: {error.strerror}.", "Choose another folder."
        ) from error


def import_avatar(source: Path, name: str, shelf: AvatarLibrary) -> Avatar:
    """The avatar in the file `source`, put on the shelf as `name`."""
    with shelf.new(name) as folder:
        _unpack_into(folder, source)
        avatar = _checked(folder, source)
        if sorted(avatar.files) != sorted(os.listdir(folder)):
            raise InputInvalid(f"The file {source} is no avatar: its idle loop is lost.", _HINT)
        _rewrite(folder / MANIFEST, avatar, name)
        _checked(folder, source)
    return load_avatar(shelf.folder(name))


def _checked(folder: Path, source: Path) -> Avatar:
    """The avatar; what is wrong is told of the file that the user brought."""
    try:
        return check_folder(folder)
    except InputInvalid as error:
        told = error.message.replace(f"{folder}{os.sep}", "")
        raise InputInvalid(f"The file {source} cannot be used. {told}", _HINT) from error


def _unpack_into(folder: Path, source: Path) -> None:
    """Exactly an avatar's files, by their known names: what a zip calls its entries never becomes a
    path."""
    with _opened(source) as parcel:
        names = sorted(entry.filename for entry in parcel.infolist())
        files = next((known for known in _KNOWN if sorted(known) == names), None)
        if files is None:
            raise InputInvalid(
                f"The file {source} is no avatar: it holds other files than one has.", _HINT
            )
        left = _MOST_BYTES
        for name in files:
            with parcel.open(name) as packed:
                content = packed.read(left + 1)  # what the zip says of its sizes may be a lie
            left -= len(content)
            if left < 0:
                raise InputInvalid(f"The file {source} unpacks to far too much.", _HINT)
            (folder / name).write_bytes(content)


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    """A file that may be no zip, or a damaged one."""
    try:
        file = source.open("rb")
    except OSError as error:
        raise InputInvalid(
            f"The file {source} cannot be read: {error.strerror}.", "Look at its name and folder."
        ) from error
    try:
        with file, zipfile.ZipFile(file) as parcel:
            yield parcel
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputInvalid(f"The file {source} is no avatar: {error}.", _HINT) from error


def _rewrite(manifest: Path, avatar: Avatar, name: str) -> None:
    """The manifest with its new name, and its other texts as they were read."""
    texts = {
        "name": name,
        "created": avatar.created,
        "notes": list(avatar.notes),
        "licence": avatar.license,
    }
    document = json.loads(manifest.read_bytes())
    text = json.dumps(document | texts, indent=1, ensure_ascii=False)
    manifest.write_text(text + "\n", encoding="utf-8", errors="replace")
