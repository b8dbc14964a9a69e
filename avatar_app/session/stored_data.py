"""What the program keeps on this computer, how much, and how it is deleted and brought back."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import ConfigInvalid
from avatar_app.storage.measurements import FILE as MEASUREMENTS
from avatar_app.storage.tool_log import LoggedCall, ToolLog
from avatar_app.system.exchange import linked_folder
from avatar_app.system.named_folders import delete_unfinished, free_path
from avatar_app.system.network_log import LOG_FILE, ConnectionAttempt, read_attempts
from avatar_app.system.paths import AppPaths
from avatar_app.voices.library import VoiceLibrary

DELETED = ".deleted"
"""Folder beside the data in which deleted files wait until nobody can bring them back."""
_SIDES = ("", "-wal", "-shm", "-journal")
"""Of SQLite's files."""
_NOTES = frozenset((".json", ".yaml", ".lock"))
"""Of files about all models: accepted licenses, pinned hashes, the user's catalog, locks."""
_LATEST = 200
"""Attempts to connect that are shown."""


class StoredKind(StrEnum):
    """What is kept."""

    HISTORY = "history"
    MEMORY = "memory"
    AGENDA = "agenda"
    CALLS = "calls"
    MEASUREMENTS = "measurements"
    VOICES = "voices"
    AVATARS = "avatars"
    PAGES = "pages"
    MODELS = "models"
    CACHE = "cache"
    LOGS = "logs"
    SETTINGS = "settings"


_MERGED = (StoredKind.CACHE, StoredKind.MODELS)
"""Of these, a file of the same name is the same file."""


@dataclass(frozen=True, slots=True)
class StoredItem:
    """One kind of data."""

    kind: StoredKind
    place: Path
    """The file or folder."""
    size: int
    """Bytes on the disk."""
    count: int
    """Files, or folders where each is one thing."""
    deletable: bool = True


class Deletion(Protocol):
    """Something that is deleted, but not yet gone."""

    def undo(self) -> None:
        """Everything is as it was."""

    def finish(self) -> None:
        """It is gone for good."""


class StoredData(Protocol):
    """What the window shows about the user's data. All may take a moment."""

    def items(self) -> tuple[StoredItem, ...]:
        """Everything that is kept."""

    def delete(self, kind: StoredKind) -> Deletion:
        """Delete one kind; it can be undone until it is finished."""

    def connections(self) -> tuple[ConnectionAttempt, ...]:
        """The latest attempts to connect, the newest first."""

    def calls(self) -> tuple[LoggedCall, ...]:
        """The latest tools that the avatar used, the newest first."""

    def purge(self) -> None:
        """Delete the trash of an earlier run for good, and what it left unfinished."""


class DeletedFiles:
    """Files that were moved out of the way; a `Deletion`. Where something has taken the place of
    one meanwhile, it comes back under a free name."""

    def __init__(self, paths: Iterable[Path], trash: Path, *, merges: bool = False) -> None:
        """Moves them. ConfigInvalid, with all where it was, if one cannot be moved. `merges`: what
        is missing in a folder that exists again comes back into it, and files that exist again are
        as good as the former ones."""
        self._trash, self._merges = trash, merges
        self._moved: list[tuple[Path, Path]] = []
        self.restored: list[Path] = []
        """Where they are since `undo`."""
        try:
            trash.mkdir(parents=True)
            for number, path in enumerate(paths):
                target = trash / f"{number}-{path.name}"
                path.rename(target)
                self._moved.append((path, target))
        except OSError as error:
            self.undo()
            raise ConfigInvalid(
                f"{trash} cannot take what is deleted: {error.strerror}.", "Delete it by hand."
            ) from error

    def undo(self) -> None:
        """Bring everything back. ConfigInvalid where a disk refuses; the rest stays deleted, and
        nothing is lost until `finish`."""
        try:
            while self._moved:
                path, moved = self._moved[0]
                if os.path.lexists(moved):
                    self._put_back(moved, path)
                del self._moved[0]
        except OSError as error:
            raise ConfigInvalid(
                f"{path.name} cannot be brought back: {error.strerror}.",
                f"Until the next start it is in {self._trash}.",
            ) from error
        self.finish()

    def finish(self) -> None:
        shutil.rmtree(self._trash, ignore_errors=True)

    def _put_back(self, moved: Path, path: Path) -> None:
        if self._merges and os.path.lexists(path):
            if moved.is_dir() and path.is_dir():
                for inside in sorted(moved.iterdir()):
                    self._put_back(inside, path / inside.name)
            return
        place = free_path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        moved.rename(place)
        self.restored.append(place)


class LaterErasure:
    """Rows of a database that is in use: they are erased when it is finished; a `Deletion`."""

    def __init__(self, erase: Callable[[], None]) -> None:
        self._erase = erase
        self._lock = threading.Lock()
        self._open = True

    def undo(self) -> None:
        with self._lock:
            self._open = False

    def finish(self) -> None:
        with self._lock:
            still, self._open = self._open, False
        if still:
            self._erase()


class UserStoredData:
    """`StoredData` in the user's folders."""

    def __init__(self, paths: AppPaths, erase: dict[StoredKind, Callable[[], None]]) -> None:
        """`erase`: what empties the databases that are in use."""
        self._paths, self._erase = paths, erase
        self._number = 0

    def items(self) -> tuple[StoredItem, ...]:
        return tuple(self._item(kind) for kind in StoredKind)

    def delete(self, kind: StoredKind) -> Deletion:
        if kind in self._erase:
            return LaterErasure(self._erase[kind])
        self._number += 1
        trash = free_path(self._disk(kind) / DELETED / f"{kind}-{self._number}")
        return DeletedFiles(self._contents(kind), trash, merges=kind in _MERGED)

    def connections(self) -> tuple[ConnectionAttempt, ...]:
        return read_attempts(self._paths.logs / LOG_FILE, _LATEST)

    def calls(self) -> tuple[LoggedCall, ...]:
        if not self._paths.tool_log_file.exists():
            return ()
        with closing(ToolLog(self._paths.tool_log_file)) as log:
            return tuple(log.latest(_LATEST))

    def purge(self) -> None:
        for folder in (self._paths.data, self._disk(StoredKind.MODELS)):
            shutil.rmtree(folder / DELETED, ignore_errors=True)
        for kind in (StoredKind.AVATARS, StoredKind.VOICES):
            delete_unfinished(self._place(kind))

    def _disk(self, kind: StoredKind) -> Path:
        """A folder on the disk of the files: models may lie on another."""
        moved = linked_folder(self._paths.models) if kind is StoredKind.MODELS else None
        return moved or self._paths.data

    def _item(self, kind: StoredKind) -> StoredItem:
        contents = self._contents(kind)
        size = sum(_size(path) for path in contents)
        deletable = kind is not StoredKind.SETTINGS and size > 0
        return StoredItem(kind, self._place(kind), size, len(contents), deletable)

    def _place(self, kind: StoredKind) -> Path:
        paths = self._paths
        return {
            StoredKind.HISTORY: paths.history_file,
            StoredKind.MEMORY: paths.memory_file,
            StoredKind.AGENDA: paths.agenda_file,
            StoredKind.CALLS: paths.tool_log_file,
            StoredKind.MEASUREMENTS: paths.data / MEASUREMENTS,
            StoredKind.VOICES: VoiceLibrary.of(paths).root,
            StoredKind.AVATARS: AvatarLibrary.of(paths).root,
            StoredKind.PAGES: paths.pages,
            StoredKind.MODELS: paths.models,
            StoredKind.CACHE: paths.cache,
            StoredKind.LOGS: paths.logs,
            StoredKind.SETTINGS: paths.settings_file,
        }[kind]

    def _contents(self, kind: StoredKind) -> list[Path]:
        """What is counted and deleted. The list of revoked consents stays: it keeps copies of a
        voice from opening again. What is noted about models stays, as where one is deleted."""
        place = self._place(kind)
        if kind is StoredKind.VOICES:
            return [place / name for name in VoiceLibrary.of(self._paths).names()]
        if place.is_dir():
            names = (path for path in place.iterdir() if path.name != DELETED)
            found = sorted(path for path in names if not path.name.startswith(".network"))
            is_models = kind is StoredKind.MODELS
            return [p for p in found if not (is_models and p.is_file() and p.suffix in _NOTES)]
        files = (place.with_name(place.name + side) for side in _SIDES)
        return [path for path in files if path.is_file()]


def _size(path: Path) -> int:
    """Bytes of a file or a whole folder; what vanishes meanwhile has none."""
    try:
        if path.is_symlink():
            return 0
        if path.is_file():
            return path.stat().st_size
        return sum(_size(each) for each in path.iterdir())
    except OSError:
        return 0
