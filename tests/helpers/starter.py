"""The starter set: real weights for tests, fetched once into a cache outside the tree.

Tests marked `real_models` get it through the fixture `starter`. Where it cannot be fetched they
fail with one sentence; AVATAR_TEST_WITHOUT_MODELS=1 leaves them out. AVATAR_TEST_MODELS names
another cache.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import CATALOG, STARTER, Model, read_catalog
from avatar_app.models.download import download
from avatar_app.models.errors import DownloadFailed
from avatar_app.models.store import Presence, Store
from avatar_app.system import paths
from avatar_app.system.file_lock import try_lock

MARK = "real_models"
CACHE = Path(os.environ.get("AVATAR_TEST_MODELS") or "~/.cache/avatar-app-tests").expanduser()
LEFT_OUT = os.environ.get("AVATAR_TEST_WITHOUT_MODELS", "") not in ("", "0")

_failure: list[AvatarError] = []


@dataclass(frozen=True, slots=True)
class StarterSet:
    """The models of the set, in the cache."""

    store: Store
    models: tuple[Model, ...]

    def path(self, kind: Kind) -> Path:
        """What the engine of a kind is told as its model."""
        return self.store.path(next(model for model in self.models if model.kind is kind))

    def link(self, folder: Path) -> None:
        """Put the models into a models folder, where the catalog's names mean them."""
        folder.mkdir(parents=True, exist_ok=True)
        for model in self.models:
            (folder / model.id).symlink_to(self.store.folder(model), target_is_directory=True)

    def settings(self) -> dict[str, str]:
        """The settings by which a conversation uses them; they need no link."""
        engines = {f"{model.kind}.engine": model.engine for model in self.models}
        chosen = {
            f"{model.kind}.options.model": str(self.store.path(model)) for model in self.models
        }
        return engines | chosen


def starter_set() -> StarterSet:
    catalog = read_catalog(paths.shipped("models") / CATALOG)
    return StarterSet(Store(CACHE), catalog.find_all([STARTER]))


@pytest.fixture
def starter() -> StarterSet:
    """The starter set, which is here."""
    if _failure:
        pytest.fail(
            f"The starter set could not be fetched: {_failure[0].message} "
            "(AVATAR_TEST_WITHOUT_MODELS=1 leaves these tests out)",
            pytrace=False,
        )
    return starter_set()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}: needs the starter set of real models")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what somebody chose to leave out."""
    left_out = [item for item in items if LEFT_OUT and _needs_models(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch before the first test, so that none of them has to wait."""
    if not session.config.option.collectonly and any(map(_needs_models, session.items)):
        with fetching_alone():
            fetch_starter_set(session.config.get_terminal_writer().line)


@contextmanager
def fetching_alone() -> Iterator[None]:
    """Of several processes that share the tests, the first one downloads, and the others wait."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "fetching.lock").open("w") as file:
        pause = threading.Event()
        while not try_lock(file.fileno()):
            pause.wait(0.2)
        yield


def fetch_starter_set(tell: Callable[[str], None]) -> None:
    """Bring what lacks of it; why that failed is told by the tests that need it."""
    installed_set, unreachable = starter_set(), dict[str, DownloadFailed]()
    for model in installed_set.models:
        if installed_set.store.presence(model) is Presence.INSTALLED:
            continue
        tell(f"Downloading {model.title} into {CACHE}, once.")
        try:
            Job("", partial(_download, model, installed_set.store, unreachable)).run()
        except AvatarError as error:
            _failure.append(error)
            return


def _download(
    model: Model, store: Store, unreachable: dict[str, DownloadFailed], job: Job[Path]
) -> Path:
    return download(job, model, store, unreachable=unreachable)


def _needs_models(item: pytest.Item) -> bool:
    return item.get_closest_marker(MARK) is not None
