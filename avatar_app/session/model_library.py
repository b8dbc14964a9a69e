"""The models for the window: installed ones, what fits, downloads, use and deletion."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Noticed
from avatar_app.core.listeners import Listeners
from avatar_app.core.manifest import Kind
from avatar_app.models.abilities import DETECTOR
from avatar_app.models.catalog import Catalog, Model, user_catalog
from avatar_app.models.relocation import (
    finish_earlier_move,
    place_for,
    place_of_models,
    require_place,
)
from avatar_app.models.resolve import usable_path
from avatar_app.models.store import Presence, Store
from avatar_app.models.trash import ModelTrash
from avatar_app.runtime.kinds import BUILTIN, KINDS
from avatar_app.runtime.registry import Registry
from avatar_app.session.language_plan import LanguagePlan, LanguagePlanner
from avatar_app.session.model_downloads import ModelDownloads, TransferState
from avatar_app.session.model_listing import DETECTOR_SETTING, ModelListing, ModelListingReader
from avatar_app.session.model_upkeep import MACHINE, ModelUpkeep, Upkeep, discard_record
from avatar_app.settings.schema import DetectorName
from avatar_app.settings.store import SettingsChange, SettingsStore
from avatar_app.storage.downloads import DownloadQueue
from avatar_app.system.paths import AppPaths

if TYPE_CHECKING:  # it is loaded with the first download
    from avatar_app.models.transfer import DownloadOptions


_UNDER_WAY = (TransferState.FETCHING, TransferState.WAITING)


class ModelLibrary:
    """Opens files when it is first asked for something. What is on the disk is read again at each
    call of `listing`."""

    def __init__(
        self,
        settings: SettingsStore,
        paths: AppPaths,
        registry: Registry,
        options: DownloadOptions | None = None,
    ) -> None:
        self._settings, self._paths, self._registry = settings, paths, registry
        self.store = Store.of(paths)
        finish_earlier_move(self.store.root)
        self.trash = ModelTrash(self.store)
        self._changed = Listeners[[]]()
        self.upkeep = ModelUpkeep(paths, self.store, registry, self._changed)
        self._options = options
        self._opening = threading.Lock()
        self._downloads: ModelDownloads | None = None

    @property
    def downloads(self) -> ModelDownloads:
        """The queue; raises InputInvalid where its file cannot be used."""
        with self._opening:
            if self._downloads is None:
                queue = DownloadQueue.of(self._paths)
                self._downloads = ModelDownloads(queue, self.store, self.catalog, self._options)
                self._downloads.subscribe(self._changed)
            return self._downloads

    def catalog(self) -> Catalog:
        return user_catalog(self.store.root)

    def notices(self) -> tuple[Noticed, ...]:
        """What to say at the start: downloads that were interrupted. Deletes for good what was
        deleted before."""
        self.trash.purge()
        if self.place != self.store.root and not self.store.root.exists():
            message = f"The models' folder {self.place} cannot be reached."
            return (Noticed(message, "Connect its disk, then start again."),)
        if not DownloadQueue.exists(self._paths):
            return ()
        paused = [
            each.model.title
            for each in self.downloads.transfers()
            if each.state is TransferState.PAUSED
        ]
        if not paused:
            return ()
        message = f"Unfinished downloads: {', '.join(paused)}."
        return (Noticed(message, "Resume them on the Models page (Ctrl+B)."),)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, from several threads, when a download or a check has changed; a few
        times a second at most. Returns what ends that."""
        return self._changed.subscribe(listener)

    def listing(self) -> ModelListing:
        """Everything as it is now. May take a moment."""
        reader = ModelListingReader(self._settings, self._paths, self._registry, self.store)
        return reader.read(self.catalog(), self.trash.held())

    def language_plan(self, language: str) -> LanguagePlan:
        """What of the installed engines and models follows a language (ISO 639-1)."""
        planner = LanguagePlanner(self._settings.settings, self._registry, self.listing())
        return planner.plan(language)

    def use(self, model: Model, group: Hashable = None) -> SettingsChange:
        """Choose the model in the settings, which puts it to work; undone like any setting. Raises
        ModelMissing, LicenseNotAccepted, or InputInvalid where nothing can use it."""
        usable_path(model, self.store)
        return self._settings.change(self._settings_for(model), group=group)

    def accept_and_get(self, model: Model) -> None:
        """The user accepts its license; what is not here is fetched."""
        self.store.accept(model)
        if self.store.presence(model) is not Presence.INSTALLED:
            self.downloads.get(model.id)
        self._changed()

    def delete(self, model: Model) -> None:
        """Move it aside, until the program ends or the room is needed."""
        self.downloads.cancel(model.id)
        self.downloads.wait_stopped(model.id)
        self.trash.put(model)
        self.upkeep.forget(model.id)
        self._changed()

    def restore(self, model: Model) -> None:
        """Take the deletion back."""
        self.trash.restore(model)
        self._changed()

    def free_now(self) -> None:
        """Delete for good what was deleted."""
        self.trash.purge()
        self._changed()

    def repair(self, model: Model) -> None:
        """Fetch again what is not as it came."""
        discard_record(model, self.store)
        self.upkeep.forget(model.id)
        self.downloads.get(model.id)

    @property
    def place(self) -> Path:
        """Where the models lie."""
        return place_of_models(self.store.root)

    def move(self, chosen: Path | None) -> None:
        """Move all models into another folder, or (None) back to their usual place; downloads wait.
        `upkeep.states[FOLDER]` tells how far it is. Raises InputInvalid where it cannot be."""
        target = self.store.root if chosen is None else place_for(chosen)
        require_place(self.store.root, target)
        under_way = [each for each in self.downloads.transfers() if each.state in _UNDER_WAY]
        for each in under_way:
            self.downloads.pause(each.model.id)
            self.downloads.wait_stopped(each.model.id)

        def go_on() -> None:
            for each in under_way:
                self.downloads.get(each.model.id)

        self.upkeep.move(target, go_on)

    def measured(self, model: str = MACHINE) -> Upkeep | None:
        """What is being done with a model, or was; of the machine itself by default."""
        return self.upkeep.states.get(model)

    def close(self) -> None:
        """Stop everything; what is not here is paused."""
        self.upkeep.close()
        with self._opening:
            if self._downloads is not None:
                self._downloads.close()
        self.trash.purge()

    def _settings_for(self, model: Model) -> dict[str, Any]:
        if model.engine == DETECTOR:
            return {DETECTOR_SETTING: DetectorName.S3FD}
        manifest = self._registry.find(model.kind, model.engine)
        setting = KINDS[model.kind].setting
        values: dict[str, Any] = {f"{setting}.engine": model.engine}
        names = {option.name for option in manifest.options}
        if "model" in names:
            values[f"{setting}.options.model"] = model.id
        if "avatar" in names:
            values[f"{setting}.options.avatar"] = self._avatar(model)
        return values

    def _avatar(self, model: Model) -> str:
        """Who is on show now, if it is a photo; else the first avatar there is."""
        face = self._settings.settings.face
        if face.engine != BUILTIN[Kind.FACE] and (shown := face.options.get("avatar")):
            return str(shown)
        names = AvatarLibrary.of(self._paths).names()
        if not names:
            raise InputInvalid(
                f"{model.title} moves the lips of a photo, and there is no avatar of a photo yet.",
                "Drop a photo on the window, or press Ctrl+N.",
            )
        return names[0]
