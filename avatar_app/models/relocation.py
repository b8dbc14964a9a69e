"""Moves the models' folder to another disk: copies, verifies, switches, deletes; nothing is lost.

Its usual place becomes a link to the new one, so that every path stays what it was: engines that
are loaded go on, and those that load later find their models. A record beside the folder says what
is under way; `finish_move` completes or takes back what a killed process left.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.home import expanded
from avatar_app.core.jobs import Job
from avatar_app.models.errors import DiskFailed, of_disk
from avatar_app.models.lock import hold_lock
from avatar_app.models.partial_file import write_json
from avatar_app.models.store import BLOCK, Store, hash_file
from avatar_app.models.trash import FOLDER as TRASH
from avatar_app.system.exchange import exchange, link_to_folder, linked_folder, repair_exchange

log = logging.getLogger(__name__)

TITLE = "The models' folder"
SUBFOLDER = "avatar-app-models"
"""Made in a chosen folder that has other things in it."""
_RECORD, _LOCK, _NEXT = "models-move.json", "models-move.lock", "models.next"
_ROUNDS = 3
"""Times that files are copied which changed meanwhile."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What identifies a file that has not changed."""

    size: int
    changed_ns: int


def place_for(chosen: Path) -> Path:
    """Return the folder to move to: the chosen one, or one in it where it is not empty."""
    chosen = Path(os.path.abspath(expanded(chosen)))
    is_taken = chosen.is_dir() and any(chosen.iterdir())
    return chosen / SUBFOLDER if is_taken else chosen


def move_models(job: Job[Path], store: Store, target: Path) -> Path:
    """Move all models to `target`, which must be empty or new; returns it. To move them back,
    `target` is the usual place.

    Raises InputInvalid where it cannot be the place, DiskFailed where a disk is full or fails,
    ConfigInvalid while a model is being changed, JobCancelled; then everything is as it was.
    """
    root = store.root
    with ExitStack() as held:
        try:
            root.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(hold_lock(root.with_name(_LOCK), TITLE))
            finish_move(root, locked=True)
            root.mkdir(parents=True, exist_ok=True)
            target = Path(os.path.abspath(expanded(target)))
            require_place(root, target)
            for folder in sorted(each for each in root.iterdir() if each.is_dir()):
                if not folder.name.startswith("."):
                    held.enter_context(hold_lock(root / f"{folder.name}.lock", folder.name))
            _Relocation(job, root, target).run()
        except OSError as error:
            raise of_disk(error) from error
    return target


def finish_move(root: Path, *, locked: bool = False) -> None:
    """Complete a move that was interrupted after the switch, or take back one that was before it;
    does nothing while another process is moving. Raises OSError."""
    record = root.with_name(_RECORD)
    if not record.exists():
        return
    if not locked:
        try:
            with hold_lock(root.with_name(_LOCK), TITLE):
                finish_move(root, locked=True)
        except ConfigInvalid:  # it goes on there
            return
        return
    repair_exchange(root, root.with_name(_NEXT))
    target = Path(json.loads(record.read_text(encoding="utf-8"))["to"])
    move = _Relocation(Job(TITLE, lambda _: target), root, target)
    if move.is_switched:
        move.finish()
    else:
        move.take_back()


def finish_earlier_move(root: Path) -> None:
    """Like `finish_move`; what a disk refuses now, waits for the next start."""
    try:
        finish_move(root)
    except OSError as error:
        log.info("the models' folder is still being moved: %s", error)


def place_of_models(root: Path) -> Path:
    """Return where the models lie: the usual place, or the one they were moved to."""
    return linked_folder(root) or root


@dataclass(slots=True)
class _Relocation:
    """One move. `root` is the usual place, at which the program looks."""

    job: Job[Path]
    root: Path
    target: Path
    _copied: dict[str, _Entry] = field(default_factory=dict)
    _passed: int = 0
    """Bytes copied or verified."""
    _total: int = 1

    @property
    def next(self) -> Path:
        """What takes the place of `root`: a link to the target, or the folder itself."""
        return self.root.with_name(_NEXT)

    @property
    def staging(self) -> Path:
        """Where the copies are written."""
        return self.next if self.target == self.root else self.target

    @property
    def is_switched(self) -> bool:
        link = linked_folder(self.root)
        return link is None if self.target == self.root else link == self.target

    def run(self) -> None:
        source = self.root.resolve()
        found = dict(_entries(source))
        needed = sum(entry.size for entry in found.values())
        Store(self.staging).check_disk_space(needed, TITLE)
        self._total = max(1, 2 * needed)
        write_json(self.root.with_name(_RECORD), {"to": str(self.target)})
        try:
            self.staging.mkdir(parents=True, exist_ok=True)
            for _ in range(_ROUNDS):
                self._copy_changed(source, self.staging)
            self.job.check()
            if self.staging != self.next:
                link_to_folder(self.next, self.target)
            exchange(self.root, self.next)
        except BaseException:
            repair_exchange(self.root, self.next)
            if not self.is_switched:
                self.take_back()
            raise
        self.finish()

    def finish(self) -> None:
        """After the switch: bring what was written in the moment before it, and delete the former
        place. What the system does not let go yet, is deleted at the next start."""
        former = linked_folder(self.next) or self.next
        if former.is_dir():
            self._copy_changed(former, self.root.resolve())
        if self._delete_former(former):
            self.root.with_name(_RECORD).unlink()

    def take_back(self) -> None:
        """The switch did not happen: the copies leave."""
        if linked_folder(self.next) is not None:
            self.next.unlink()
        elif self.next.exists():
            shutil.rmtree(self.next, ignore_errors=True)
        if self.target != self.root and self.target.is_dir():
            _delete_entries(self.target, self.root.resolve())
        self.root.with_name(_RECORD).unlink()

    def _copy_changed(self, source: Path, place: Path) -> None:
        """Copy and verify what is not there yet, or has changed since."""
        for name, entry in _entries(source):
            if self._copied.get(name) != entry and _entry_of(place / name) != entry:
                self._copy(source / name, place / name)
            self._copied[name] = entry

    def _copy(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        if source.is_symlink():  # the user's own: it means what it meant
            target.symlink_to(_absolute_link(source), target_is_directory=source.is_dir())
            return
        digest = hashlib.sha256()
        with source.open("rb") as reader, target.open("wb") as writer:
            while block := reader.read(BLOCK):
                writer.write(block)
                digest.update(block)
                self._pass(len(block))
            writer.flush()
            os.fsync(writer.fileno())
        shutil.copystat(source, target)
        if hash_file(target, self._pass) != digest.hexdigest():
            raise DiskFailed(
                f"{target} is not what was written to it.", "The disk is not reliable: use another."
            )

    def _pass(self, size: int) -> None:
        self._passed += size
        self.job.report(self._passed / self._total, TITLE)

    def _delete_former(self, former: Path) -> bool:
        """Delete what lies at the former place; a folder of the user keeps what is not ours. False
        if something is in use."""
        try:
            if former == self.next:
                shutil.rmtree(former)
            else:
                if former.is_dir():
                    _delete_entries(former, self.root.resolve())
                self.next.unlink()
        except OSError as error:
            log.info("%s is deleted later: %s", former, error)
            return False
        return True


def require_place(root: Path, target: Path) -> None:
    """Raise InputInvalid if the models cannot be moved there."""
    source = root.resolve()
    is_home = target == root
    if target == place_of_models(root) or (not is_home and target.resolve() == source):
        raise InputInvalid(f"The models are in {target} already.", "Choose another folder.")
    inside = source in target.resolve().parents or target.resolve() in source.parents
    if inside and not is_home:
        raise InputInvalid(
            f"{target} lies in the models' folder, or around it.", "Choose another folder."
        )
    if not is_home and target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise InputInvalid(f"{target} is not an empty folder.", "Choose an empty or a new one.")


def _entries(folder: Path) -> Iterator[tuple[str, _Entry]]:
    """Every file and link to move, by its path in the folder."""
    for path in sorted(folder.rglob("*")):
        name, entry = path.relative_to(folder), _entry_of(path)
        if entry is not None and name.parts[0] != TRASH and path.suffix != ".lock":
            yield name.as_posix(), entry


def _entry_of(path: Path) -> _Entry | None:
    """None for a folder, and where nothing is."""
    try:
        known = path.lstat()
    except FileNotFoundError:
        return None
    is_folder = stat.S_ISDIR(known.st_mode)
    return None if is_folder else _Entry(known.st_size, known.st_mtime_ns)


def _delete_entries(folder: Path, other: Path) -> None:
    """Delete from `folder` what `other` has, too, and folders that get empty by it."""
    shutil.rmtree(folder / TRASH, ignore_errors=True)
    for path in sorted(folder.rglob("*"), reverse=True):
        name = path.relative_to(folder)
        if path.is_dir() and not path.is_symlink():
            _remove_if_empty(path)
        elif path.suffix == ".lock" or os.path.lexists(other / name):
            path.unlink()
    _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _absolute_link(link: Path) -> str:
    return os.path.abspath(link.parent / os.readlink(link))
