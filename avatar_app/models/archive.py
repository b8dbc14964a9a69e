"""Extracts a model's files from an archive: only those that the catalog names."""

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
    """Extract the named files next to the archive, found by their last names; returns what
    they are.

    Paths inside the archive are never used. Raises WrongBytes if a file is missing, damaged or of
    another size than the archive states.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            entries = {name: _entry(zipped, PurePosixPath(name).name) for name in names}
            store.check_disk_space(sum(each.file_size for each in entries.values()), archive.name)
            return {
                name: _write(zipped, entry, archive.parent / name, job)
                for name, entry in entries.items()
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise WrongBytes(
            f"The archive {archive.name} is damaged: {error}.",
            "Remove the model and download it again.",
        ) from error


def _entry(zipped: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Return the entry of that last name with the shortest path."""
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
        replacing(target) as temporary,
        temporary.open("wb") as file,
    ):
        while block := source.read(BLOCK):
            job.check()
            size += len(block)
            if size > entry.file_size:
                raise zipfile.BadZipFile(f"{entry.filename} is larger than it says")
            digest.update(block)
            file.write(block)
    return StoredFile(size, digest.hexdigest())
