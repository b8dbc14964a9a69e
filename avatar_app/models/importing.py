"""Imports a model from the user's files: linked or copied, and verified like a download."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.models.archive import unpack
from avatar_app.models.catalog import Catalog, Model, ModelFile
from avatar_app.models.errors import of_disk, other_bytes
from avatar_app.models.store import BLOCK, Store, StoredFile, hash_file
from avatar_app.system.files import replacing

_HINT = "Download it again, or give the engine the path."


def identify(path: Path, catalog: Catalog) -> Model:
    """Return the catalog's model that the file or folder is; raises InputInvalid if there is no
    match."""
    files = _files_at(path)
    fitting = [model for model in catalog.models if _fits(model, files)]
    if len(fitting) > 1:
        fitting = [model for model in fitting if _is(model, files)]
    if len(fitting) == 1:
        return fitting[0]
    raise InputInvalid(
        f"{path} is not a model of the catalog.",
        "If it is one, name it: avatar-app models import PATH --as ID. An engine can also use "
        "the path itself.",
    )


def import_model(job: Job[Path], path: Path, model: Model, store: Store) -> Path:
    """Import the model from a file or folder; returns the path for engines.

    The user's own files are never changed. Raises InputInvalid if a file is missing or is not the
    published one; JobCancelled leaves nothing behind.
    """
    files = _files_at(path)
    sources = {file: _source(file, model, path, files) for file in model.files}
    folder = store.folder(model)
    try:
        store.check_disk_space(_copied_bytes(list(sources.values()), store), model.title)
        with store.lock(model):
            folder.mkdir(parents=True, exist_ok=True)
            stored: dict[str, StoredFile] = {}
            for done, (file, found) in enumerate(sources.items()):
                job.report(done / len(sources), file.name)
                stored |= _take(_Taking(job, model, store), file, found)
            store.record_files(model, stored, str(path))
    except OSError as error:
        raise of_disk(error) from error
    return store.path(model)


@dataclass(frozen=True, slots=True)
class _Taking:
    job: Job[Any]
    model: Model
    store: Store


def _take(taking: _Taking, file: ModelFile, found: dict[str, Path]) -> dict[str, StoredFile]:
    """Import one file of the catalog, or what its archive contained and the user has extracted."""
    folder = taking.store.folder(taking.model)
    if file.holds and file.name not in found:
        return {name: _place(taking, path, folder / name) for name, path in found.items()}
    source, size = found[file.name], found[file.name].stat().st_size
    if file.bytes not in (None, size):
        raise InputInvalid(
            f"{source} is not the published {file.name}: it has {size:,} bytes, not "
            f"{file.bytes:,}.",
            _HINT,
        )
    stored = _place(taking, source, folder / file.name, file)
    taking.store.pin(taking.model, file, stored.sha256)
    if not file.holds:
        return {file.name: stored}
    unpacked = unpack(folder / file.name, file.holds, taking.store, taking.job)
    (folder / file.name).unlink()
    return unpacked


def _place(
    taking: _Taking, source: Path, target: Path, file: ModelFile | None = None
) -> StoredFile:
    """Put a file into the model's folder. `file`: what it must be, where the catalog
    specifies it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary:
        _link_or_copy(source, temporary, taking.job)
        stored = StoredFile(
            temporary.stat().st_size, hash_file(temporary, lambda _: taking.job.check())
        )
        if file is not None:
            _require_hash(taking, source, file, stored.sha256)
    return stored


def _require_hash(taking: _Taking, source: Path, file: ModelFile, sha256: str) -> None:
    expected = taking.store.expected_hash(taking.model, file)
    if expected in (None, sha256):
        return
    if file.sha256 is None:
        raise other_bytes(str(source), taking.model.id, sha256, expected or "", is_pinned=True)
    raise InputInvalid(
        f"{source} is not the published {file.name}: its SHA-256 begins with {sha256[:12]}, not "
        f"with {file.sha256[:12]}.",
        _HINT,
    )


def _link_or_copy(source: Path, target: Path, job: Job[Any]) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:  # another disk, or a file system without links
        with source.open("rb") as reader, target.open("wb") as writer:
            while block := reader.read(BLOCK):
                job.check()
                writer.write(block)


def _files_at(path: Path) -> dict[str, Path]:
    if path.is_file():
        return {path.name: path}
    if path.is_dir():
        return {each.name: each for each in sorted(path.iterdir()) if each.is_file()}
    if path.exists():
        raise InputInvalid(f"{path} is neither a file nor a folder.", "Look at the path.")
    raise InputInvalid(f"{path} does not exist.", "Check the path.")


def _source(file: ModelFile, model: Model, path: Path, files: dict[str, Path]) -> dict[str, Path]:
    """Return where a file of the model is found, by its name in the catalog."""
    if file.name in files:
        return {file.name: files[file.name]}
    if file.holds and set(file.holds) <= set(files):
        return {name: files[name] for name in file.holds}
    if path.is_file() and len(model.files) == 1:
        return {file.name: path}
    raise InputInvalid(
        f"{path} has no {file.name}, which {model.title} needs.",
        f"It needs: {', '.join(each.name for each in model.files)}.",
    )


def _fits(model: Model, files: dict[str, Path]) -> bool:
    """Whether files of its names and sizes exist. A single file may have another name."""
    if len(files) == 1 and len(model.files) == 1:
        (path,), (file,) = files.values(), model.files
        return file.name == path.name or file.bytes == path.stat().st_size
    return all(
        file.name in files and file.bytes in (None, files[file.name].stat().st_size)
        for file in model.files
    ) or all(file.holds and set(file.holds) <= set(files) for file in model.files)


def _is(model: Model, files: dict[str, Path]) -> bool:
    """Whether the files have the model's hashes."""
    named = [(file, files.get(file.name)) for file in model.files]
    if len(files) == len(named) == 1:
        named = [(model.files[0], next(iter(files.values())))]
    return all(
        path is not None and file.sha256 == hash_file(path, lambda _: None) for file, path in named
    )


def _copied_bytes(sources: list[dict[str, Path]], store: Store) -> int:
    """Return the size of what cannot be linked because it is on another disk."""
    root = next(each for each in (store.root, *store.root.parents) if each.exists())
    files = [path.stat() for found in sources for path in found.values()]
    return sum(each.st_size for each in files if each.st_dev != root.stat().st_dev)
