"""Exports and imports .avatar files: zip archives of an avatar's folder; imports are untrusted."""

from __future__ import annotations

import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar_app.avatars.library import AvatarLibrary, name_for
from avatar_app.core.errors import InputInvalid
from avatar_app.engines.face.portrait.avatar import (
    FILES,
    MANIFEST,
    PORTRAIT,
    TAUGHT,
    Avatar,
    check_folder,
    load_avatar,
)
from avatar_app.engines.face.portrait.idle import IDLE_CLIP, IDLE_FILES
from avatar_app.system.files import replacing

SUFFIX = ".avatar"
_KNOWN = (FILES, (*FILES, *IDLE_FILES))
_PACKED = frozenset({PORTRAIT, IDLE_CLIP})
"""Files that zip cannot compress further."""
_MOST_BYTES = 130_000_000
"""Of all files together, extracted."""
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


def import_avatar(source: Path, name: str, library: AvatarLibrary) -> Avatar:
    """Import the avatar in the file `source` into the library as `name`."""
    with library.new(name) as folder:
        _unpack_into(folder, source)
        avatar = _checked(folder, source)
        if sorted(avatar.files) != sorted(os.listdir(folder)):
            raise InputInvalid(
                f"The file {source} is not an avatar: its idle loop is missing.", _HINT
            )
        _rewrite(folder / MANIFEST, avatar, name)
        _checked(folder, source)
    return load_avatar(library.folder(name))


def is_same_avatar(source: Path, folder: Path) -> bool:
    """Whether the file `source` contains the avatar in `folder`, whatever its name and notes.
    Raises InputInvalid where it is no avatar."""
    with _opened(source) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        sizes_on_disk = {
            path.name: path.stat().st_size for path in folder.iterdir() if path.name not in TAUGHT
        }
        if sizes.keys() != sizes_on_disk.keys():
            return False
        pictures = sizes.keys() - {MANIFEST}
        return all(sizes[name] == sizes_on_disk[name] for name in pictures) and all(
            _same_content(archive, name, folder / name) for name in pictures
        )


def _same_content(archive: zipfile.ZipFile, name: str, path: Path) -> bool:
    known = path.read_bytes()
    with archive.open(name) as packed:
        return packed.read(len(known) + 1) == known


def _checked(folder: Path, source: Path) -> Avatar:
    """Return the validated avatar; errors name the file that the user brought."""
    try:
        return check_folder(folder)
    except InputInvalid as error:
        reason = error.message.replace(f"{folder}{os.sep}", "")
        raise InputInvalid(f"The file {source} cannot be used. {reason}", _HINT) from error


def _unpack_into(folder: Path, source: Path) -> None:
    """Extract exactly an avatar's files, by their known names: names in the zip are never used as
    paths."""
    with _opened(source) as archive:
        names = sorted(entry.filename for entry in archive.infolist())
        files = next((known for known in _KNOWN if sorted(known) == names), None)
        if files is None:
            raise InputInvalid(
                f"The file {source} is not an avatar: it contains other files.", _HINT
            )
        left = _MOST_BYTES
        for name in files:
            with archive.open(name) as packed:
                content = packed.read(left + 1)  # the sizes in the zip may be wrong
            left -= len(content)
            if left < 0:
                raise InputInvalid(f"The file {source} extracts to far too much data.", _HINT)
            (folder / name).write_bytes(content)


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    """Open a file that may not be a zip, or a damaged one."""
    try:
        file = source.open("rb")
    except OSError as error:
        raise InputInvalid(
            f"The file {source} cannot be read: {error.strerror}.", "Check its name and folder."
        ) from error
    try:
        with file, zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputInvalid(f"The file {source} is not an avatar: {error}.", _HINT) from error


def _rewrite(manifest: Path, avatar: Avatar, name: str) -> None:
    """Rewrite the manifest with its new name, keeping its other texts, and its title where the name
    was made from that."""
    numberless = re.sub(r"-\d+$", "", name)
    texts = {
        "name": avatar.name if name_for(avatar.name) in (name, numberless) else name,
        "created": avatar.created,
        "notes": list(avatar.notes),
        "licence": avatar.license,
    }
    document = json.loads(manifest.read_bytes())
    text = json.dumps(document | texts, indent=1, ensure_ascii=False)
    manifest.write_text(text + "\n", encoding="utf-8", errors="replace")
