"""The starter set for first-time users: downloads speech recognition, a voice and a
language model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from avatar_app.core.errors import AvatarError, TooSlow
from avatar_app.core.jobs import Job, JobPart
from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import STARTER, Catalog, Model
from avatar_app.models.errors import DiskFailed, DownloadFailed
from avatar_app.models.progress import DownloadProgress
from avatar_app.models.store import Presence, Store
from avatar_app.performance.apply import Change, changes_to
from avatar_app.performance.brain import BRAIN_SETS, best_brain
from avatar_app.performance.starter_voice import suitable_voices
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.system.hardware import Hardware
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
    instead: tuple[Model, ...] = ()
    """If it cannot be downloaded: the first of these that can be."""

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

    installed: tuple[Model, ...]
    failures: tuple[tuple[Model, AvatarError], ...]
    replaced: tuple[tuple[Model, Model, AvatarError], ...] = ()
    """What could not be had, what was fetched instead, and why."""


def starter_items(
    catalog: Catalog, store: Store, registry: Registry, machine: Hardware | None = None
) -> tuple[StarterItem, ...]:
    """Return the models of the starter set; for a known `machine` with the voice and the language
    model that suit it, and those that packages carry, the set's own the last, in case that one
    cannot be reached.
    """
    suited = _suited(catalog, machine)
    return tuple(_item(model, store, registry, suited) for model in catalog.find_all([STARTER]))


def _suited(catalog: Catalog, machine: Hardware | None) -> tuple[Model, ...]:
    voices = suitable_voices(catalog, machine)
    if machine is None:
        return voices
    brains = [best_brain(catalog, machine, each) for each in BRAIN_SETS]
    return (*voices, *(brain for brain in brains if brain is not None))


def _item(model: Model, store: Store, registry: Registry, suited: tuple[Model, ...]) -> StarterItem:
    better = [other for other in suited if other.kind is model.kind]
    model, *instead = dict.fromkeys((*better, model))
    installed = store.presence(model) is Presence.INSTALLED
    lacking = 0 if installed else max(0, (model.bytes or 0) - store.installed_bytes(model))
    missing = registry.missing_packages(registry.find(model.kind, model.engine))
    return StarterItem(model, lacking, missing, tuple(instead))


def fetch_starter(
    job: Job[StarterFetch],
    items: Iterable[StarterItem],
    store: Store,
    watch: Callable[[DownloadProgress], None] = lambda _: None,
    arrived: Callable[[Model], None] = lambda _: None,
    slowness: Callable[[Model], TooSlow | None] = lambda _: None,
) -> StarterFetch:
    """Download the models, one after the other; a failure does not stop the others.

    `watch` receives the progress of the whole set; `arrived` each model as soon as it is installed.
    Where one cannot be had that has others `instead`, or `slowness` returns why it is too slow, the
    first of those is downloaded that can be. Raises JobCancelled and DiskFailed; downloaded files
    stay for the next time.
    """
    fetching = _Fetching(job, tuple(items), store, watch, arrived, slowness)
    return fetching.run()


@dataclass(slots=True)
class _Fetching:
    """The download of a set, as one job."""

    job: Job[StarterFetch]
    items: tuple[StarterItem, ...]
    store: Store
    watch: Callable[[DownloadProgress], None]
    arrived: Callable[[Model], None]
    slowness: Callable[[Model], TooSlow | None]
    done: int = 0
    """Bytes of the items before the current one."""
    installed: list[Model] = field(default_factory=list)
    failures: list[tuple[Model, AvatarError]] = field(default_factory=list)
    replaced: list[tuple[Model, Model, AvatarError]] = field(default_factory=list)
    unreachable: dict[str, DownloadFailed] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(item.model.bytes or 0 for item in self.items)

    def run(self) -> StarterFetch:
        for item in self.items:
            self._bring(item)
            self.done += item.model.bytes or 0
        return StarterFetch(tuple(self.installed), tuple(self.failures), tuple(self.replaced))

    def _bring(self, item: StarterItem) -> None:
        failures, last = list[AvatarError](), (item.model, *item.instead)[-1]
        for model in (item.model, *item.instead):
            failure = self._failure_of(model, has_others=model is not last)
            if failure is None:
                if failures:
                    self.replaced.append((item.model, model, failures[0]))
                return
            failures.append(failure)
        self.failures.append((last, failures[-1]))

    def _failure_of(self, model: Model, *, has_others: bool) -> AvatarError | None:
        """Download a model; returns why it could not be, or why it is too slow and another is
        better."""
        from avatar_app.models.download import download  # with HTTP, which no start needs
        from avatar_app.models.transfer import DownloadOptions

        whole, before = max(1, self.total), self.done
        share = (model.bytes or 0) / whole
        part: Job[Path] = JobPart(self.job, model.title, before / whole, share)

        def tell(now: DownloadProgress) -> None:
            self.watch(replace(now, done=before + now.done, total=self.total))

        manners = DownloadOptions().hurried() if has_others else None
        try:
            download(part, model, self.store, tell, manners, unreachable=self.unreachable)
        except DiskFailed:
            raise
        except AvatarError as error:
            return error
        if has_others and (slow := self.slowness(model)):
            return slow
        self.installed.append(model)
        self.arrived(model)
        return None


def starter_changes(models: Iterable[Model], user_file: Path) -> tuple[Change, ...]:
    """Return the settings to change so that a conversation uses these models."""
    wanted = {
        model.kind: EngineChoice(engine=model.engine, options={"model": model.id})
        for model in models
    }
    return changes_to(wanted, user_file)
