"""The starter set for first-time users: downloads speech recognition, a voice and a
language model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job, JobPart
from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import STARTER, Catalog, Model
from avatar_app.models.errors import DiskFailed, DownloadFailed
from avatar_app.models.progress import DownloadProgress
from avatar_app.models.store import Presence, Store
from avatar_app.performance.apply import Change, changes_to
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.system.packages import install_command

COMMAND = "setup"
"""The command that adds the set to the settings, and undoes it."""


@dataclass(frozen=True, slots=True)
class StarterItem:
    """One model of the set, and what it still needs."""

    model: Model
    bytes_lacking: int
    """Bytes still to be downloaded; 0 if installed."""
    missing_packages: tuple[str, ...] = ()
    """What its engine needs installed."""

    @property
    def title(self) -> str:
        return self.model.title

    @property
    def kind(self) -> Kind:
        return self.model.kind

    @property
    def install_command(self) -> str:
        """Return the command for the missing packages; empty if none is missing."""
        missing = self.missing_packages
        return install_command(missing, self.model.engine) if missing else ""


@dataclass(frozen=True, slots=True)
class StarterFetch:
    """The result of downloading the set."""

    here: tuple[Model, ...]
    failures: tuple[tuple[Model, AvatarError], ...]


def starter_items(catalog: Catalog, store: Store, registry: Registry) -> tuple[StarterItem, ...]:
    """Return the models of the starter set."""
    return tuple(_item(model, store, registry) for model in catalog.find_all([STARTER]))


def _item(model: Model, store: Store, registry: Registry) -> StarterItem:
    here = store.presence(model) is Presence.HERE
    lacking = 0 if here else max(0, (model.bytes or 0) - store.bytes_here(model))
    missing = registry.missing_packages(registry.find(model.kind, model.engine))
    return StarterItem(model, lacking, missing)


def fetch_starter(
    job: Job[StarterFetch],
    items: Iterable[StarterItem],
    store: Store,
    watch: Callable[[DownloadProgress], None] = lambda _: None,
    arrived: Callable[[Model], None] = lambda _: None,
) -> StarterFetch:
    """Download the models, one after the other; a failure does not stop the others.

    `watch` receives the progress of the whole set; `arrived` each model as soon as it is installed.
    Raises JobCancelled and DiskFailed; downloaded files stay for the next time.
    """
    from avatar_app.models.download import download  # with what speaks HTTP, which no start needs

    wanted = [item.model for item in items]
    total, before = sum(model.bytes or 0 for model in wanted), 0
    here: list[Model] = []
    failures: list[tuple[Model, AvatarError]] = []
    unreachable: dict[str, DownloadFailed] = {}
    for model in wanted:
        size = model.bytes or 0
        part: Job[Path] = JobPart(job, model.title, before / max(1, total), size / max(1, total))

        def tell(now: DownloadProgress, before: int = before) -> None:
            watch(replace(now, done=before + now.done, total=total))

        try:
            download(part, model, store, tell, unreachable=unreachable)
        except DiskFailed:
            raise
        except AvatarError as error:
            failures.append((model, error))
        else:
            here.append(model)
            arrived(model)
        before += size
    return StarterFetch(tuple(here), tuple(failures))


def starter_changes(models: Iterable[Model], user_file: Path) -> tuple[Change, ...]:
    """Return the settings to change so that a conversation uses these models."""
    wanted = {
        model.kind: EngineChoice(engine=model.engine, options={"model": model.id})
        for model in models
    }
    return changes_to(wanted, user_file)
