"""Which path an engine's model is: a name of the catalog becomes the path of what is here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from avatar_app.core.errors import ModelMissing
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Manifest
from avatar_app.models.catalog import Catalog, Model, user_catalog
from avatar_app.models.licenses import require_license
from avatar_app.models.store import Presence, Store
from avatar_app.system.paths import AppPaths

OPTION = "model"
"""The engines' option that takes a model's name, or a path."""


def with_model_path(
    options: dict[str, Any], manifest: Manifest, places: AppPaths
) -> dict[str, Any]:
    """The options, with the path in place of the name of a model in the catalog.

    Where none is chosen, the first one here that the engine asks for is taken. ModelMissing if
    the chosen one is not here, LicenseNotAccepted if it may not be used yet. What is no name of
    the catalog is left to the engine.
    """
    if not isinstance(name := options.get(OPTION), str) or not (name or manifest.needs.models):
        return options
    store, catalog = _known(places)
    if model := catalog.by_id.get(name):
        return options | {OPTION: str(usable_path(model, store))}
    if not name and (path := _first_usable(manifest, store, catalog)):
        return options | {OPTION: str(path)}
    return options


def usable_path(model: Model, store: Store) -> Path:
    """The model's path; ModelMissing or LicenseNotAccepted if it may not be used."""
    if store.presence(model) is not Presence.HERE:
        raise ModelMissing(
            f"{model.title} is not on this machine.",
            f"Type: avatar-app models download {model.id}",
        )
    require_license(model, store)
    return store.path(model)


def path_if_here(name: str, here: AppPaths) -> Path | None:
    """The path of a model of the catalog that was fetched or taken over; None if it was not.

    LicenseNotAccepted if it is here but may not be used yet.
    """
    store = Store.of(here)
    model = user_catalog(store.root).by_id.get(name)
    if model is None or store.presence(model) is not Presence.HERE:
        return None
    return usable_path(model, store)


def license_notices(
    options: dict[str, Any], manifest: Manifest, places: AppPaths
) -> tuple[Noticed, ...]:
    """What the user should know, once, about a restricted model whose path was given by hand."""
    given = options.get(OPTION)
    if not isinstance(given, str) or not given or not Path(given).expanduser().is_file():
        return ()
    store, catalog = _known(places)
    path = Path(given).expanduser()
    return tuple(
        Noticed(f"{path.name}: {model.license.title}.", model.license.terms)
        for model in catalog.models
        if model.engine == manifest.name
        and model.license.must_accept
        and not store.is_accepted(model)
        and _looks_like(path, model)
        and store.tell_once(f"{model.id}: {path}")
    )


def _looks_like(path: Path, model: Model) -> bool:
    """By its name, also where it was converted into another format, or by its size."""
    names = {Path(name).stem.casefold() for name in model.contents}
    sizes = {file.bytes for file in model.files}
    return path.stem.casefold() in names or path.stat().st_size in sizes


def _first_usable(manifest: Manifest, store: Store, catalog: Catalog) -> Path | None:
    wanted = (catalog.by_id.get(name) for name in manifest.needs.models)
    for model in filter(None, wanted):
        if store.presence(model) is Presence.HERE:
            return usable_path(model, store)
    return None


def _known(places: AppPaths) -> tuple[Store, Catalog]:
    store = Store.of(places)
    return store, user_catalog(store.root)
