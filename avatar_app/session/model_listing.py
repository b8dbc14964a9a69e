"""Lists models with their state: installed, suitable for the machine, in use."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from avatar_app.core.manifest import Kind
from avatar_app.models.abilities import DETECTOR, Ability, ability_of
from avatar_app.models.catalog import Catalog, Model
from avatar_app.models.relocation import place_of_models
from avatar_app.models.store import Presence, Store
from avatar_app.performance.fitness import Fitness, FitnessAssessor
from avatar_app.performance.memory_plan import MemoryPlan, memory_plan
from avatar_app.runtime.kinds import KINDS, choices
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import DetectorName, Settings
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.measurements import Measurements
from avatar_app.system.extras.declared import DeclaredExtras, Extra
from avatar_app.system.hardware import Cards, Hardware, family, family_rss_mb, known_hardware, nvml
from avatar_app.system.memory import MemoryFootprint
from avatar_app.system.packages import install_command
from avatar_app.system.paths import AppPaths

DETECTOR_SETTING = "avatars.detector"


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model of the catalog, as it stands here."""

    model: Model
    ability: Ability
    presence: Presence
    installed_bytes: int
    fitness: Fitness
    used_by: tuple[str, ...]
    """Dotted names of the settings that choose it."""
    can_be_used: bool
    """A setting could choose it."""
    is_accepted: bool
    """Its license asks for no acceptance, or was accepted."""
    missing_packages: tuple[str, ...]
    install_command: str
    extra: Extra | None = None
    """What brings the missing packages, or else would speed up its engine; None where nothing
    does."""
    deleted_bytes: int = 0
    """What it keeps of the disk, though it was deleted, until it is gone for good."""


@dataclass(frozen=True, slots=True)
class ModelListing:
    """All models, the memory they compete for, and the disk."""

    models: tuple[ListedModel, ...]
    memory: MemoryPlan
    hardware: Hardware
    disk_used: int
    """Bytes in the models' folder."""
    disk_free: int
    place: Path
    """Where the models lie."""
    is_moved: bool
    """Whether that is not the usual place."""


class ModelListingReader:
    """Reads catalog, disk and measurements together."""

    def __init__(
        self, settings: SettingsStore, paths: AppPaths, registry: Registry, store: Store
    ) -> None:
        self._settings, self._paths = settings, paths
        self._registry, self._store = registry, store

    def read(self, catalog: Catalog, deleted: Mapping[str, int]) -> ModelListing:
        """`deleted`: bytes of models that can be restored, by id."""
        extras = DeclaredExtras.read()
        with closing(Measurements.of(self._paths)) as measurements:
            assessor = self._assessor(catalog, measurements)
            models = tuple(
                self._described(model, assessor, deleted.get(model.id, 0), extras)
                for model in catalog.models
            )
        root = self._store.root
        existing = next(path for path in (root, *root.parents) if path.exists())
        used = sum(each.installed_bytes + each.deleted_bytes for each in models)
        free = shutil.disk_usage(existing).free
        place = place_of_models(root)
        moved = place != root
        return ModelListing(models, assessor.plan, assessor.hardware, used, free, place, moved)

    def _assessor(self, catalog: Catalog, measurements: Measurements) -> FitnessAssessor:
        cards = Cards(nvml())
        hardware = known_hardware(measurements, cards)
        plan = memory_plan(
            self._settings.settings,
            hardware,
            MemoryFootprint(family_rss_mb(), cards.used_mb_by(family())),
            self._registry,
            self._store,
            catalog,
            measurements,
        )
        return FitnessAssessor(hardware, self._registry, self._store, catalog, plan, measurements)

    def _described(
        self, model: Model, assessor: FitnessAssessor, deleted: int, extras: DeclaredExtras
    ) -> ListedModel:
        manifest = next(
            (each for each in self._registry.all(model.kind) if each.name == model.engine), None
        )
        missing = self._registry.missing_packages(manifest) if manifest else ()
        faster = self._registry.faster_packages(manifest) if manifest else ()
        return ListedModel(
            model,
            ability_of(model),
            self._store.presence(model),
            self._store.installed_bytes(model),
            assessor.assess(model),
            self._used_by(model, assessor.catalog),
            manifest is not None or model.engine == DETECTOR,
            self._store.is_accepted(model),
            missing,
            install_command(missing, model.engine, extras) if missing else "",
            self._extra(missing or faster, model.engine, extras),
            deleted,
        )

    def _extra(
        self, packages: tuple[str, ...], engine: str, extras: DeclaredExtras
    ) -> Extra | None:
        extra = extras.with_packages(packages, engine) if packages else None
        return extra if extra is not None and extra.name in extras.offered else None

    def _used_by(self, model: Model, catalog: Catalog) -> tuple[str, ...]:
        settings = self._settings.settings
        if model.engine == DETECTOR:
            uses_it = settings.avatars.detector is DetectorName.S3FD
            return (DETECTOR_SETTING,) if uses_it else ()
        choice = choices(settings)[model.kind]
        if choice.engine != model.engine:
            return ()
        chosen = self._chosen_model(settings, model.kind, catalog)
        if chosen not in (model.id, str(self._store.path(model))):
            return ()
        return (f"{KINDS[model.kind].setting}.options.model",)

    def _chosen_model(self, settings: Settings, kind: Kind, catalog: Catalog) -> str:
        """As `resolve.with_model_path`: where none is named, the first that is here."""
        choice = choices(settings)[kind]
        manifest = self._registry.find(kind, choice.engine)
        if named := manifest.checked(choice.options).get("model", ""):
            return str(named)
        wanted = (catalog.by_id.get(name) for name in manifest.needs.models)
        installed = (m for m in wanted if m and self._store.presence(m) is Presence.INSTALLED)
        first = next(installed, None)
        return first.id if first else ""
