"""A model in an archive: only the files that the catalog names come out of it."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

from avatar_app.core.jobs import Job
from avatar_app.models.errors import WrongBytes
from avatar_app.models.store import BLOCK, Store, StoredFile
from avatar_app.system.files import replacing


def unpack(
    archive: Path, names: tuple[str, ...], store: Store, job: Job[Any]
) -> dict[str, StoredFile]:
    """Write the named files beside the archive, by their last names; what they are.

    Where entries lie in the archive is never taken for a path. WrongBytes if one is missing,
    damaged or of another size than the archive tells.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            entries = {name: _entry(zipped, name) for name in names}
            store.ask_for_room(sum(each.file_size for each in entries.values()), archive.name)
            return {
                name: _write(zipped, entry, archive.with_name(name), job)
                for name, entry in entries.items()
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise WrongBytes(
            f"The archive {archive.name} is damaged: {error}.",
            "Remove the model and fetch it again.",
        ) from error


def _entry(zipped: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """The entry of that last name that lies least deep."""
    found = [each for each in zipped.infolist() if PurePosixPath(each.filename).name == name]
    if not found:
        raise zipfile.BadZipFile(f"it has no {name}")
    return min(found, key=lambda each: each.filename.count("/"))


def _write(
    zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, job: Job[Any]
) -> StoredFile:
    digest, size = hashlib.sha256(), 0
    with (
        zipped.open(entry) as source,
        replacing(target) as beside,
        beside.open("wb") as file,
    ):
        while block := source.read(BLOCK):
            job.check()
            size += len(block)
            if size > entry.file_size:
                raise zipfile.BadZipFile(f"{entry.filename} is larger than it says")
            digest.update(block)
            file.write(block)
    return StoredFile(size, digest.hexdigest())
