"""Verifies the files of an installed model against recorded hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.models.catalog import Model
from avatar_app.models.errors import of_disk
from avatar_app.models.store import Store, StoredFile, hash_file


@dataclass(frozen=True, slots=True)
class Checked:
    """Result for one file of a model."""

    name: str
    flaw: str = ""
    """What is wrong with it, in a few words; empty if it is right."""


def verify(job: Job[tuple[Checked, ...]], model: Model, store: Store) -> tuple[Checked, ...]:
    """Verify every file of an installed model; raises InputInvalid if it is not installed."""
    stored = store.files_of(model)
    if not stored:
        raise InputInvalid(
            f"{model.title} is not completely installed.",
            f"Type: avatar-app models download {model.id}",
        )
    published = {file.name: store.expected_hash(model, file) for file in model.files}
    total, seen, found = sum(file.bytes for file in stored.values()), 0, []

    def pass_on(size: int) -> None:
        nonlocal seen
        seen += size
        job.report(seen / max(1, total), model.title)

    for name, file in stored.items():
        try:
            found.append(Checked(name, _flaw(store, model, name, file, published, pass_on)))
        except OSError as error:
            raise of_disk(error) from error
    return tuple(found)


def _flaw(
    store: Store,
    model: Model,
    name: str,
    stored: StoredFile,
    published: dict[str, str | None],
    pass_on: Any,
) -> str:
    path = store.folder(model) / name
    if not path.is_file():
        return "missing"
    if (size := path.stat().st_size) != stored.bytes:
        return f"has {size} bytes instead of {stored.bytes}"
    expected = published.get(name) or stored.sha256
    return "" if hash_file(path, pass_on) == expected else "its bytes have changed"
