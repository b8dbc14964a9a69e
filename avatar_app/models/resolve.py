"""Resolves model names of the catalog to the paths of installed files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from avatar_app.core.errors import ModelMissing
from avatar_app.core.events import Noticed
from avatar_app.core.home import expanded
from avatar_app.core.manifest import Manifest
from avatar_app.models.catalog import Catalog, Model, user_catalog
from avatar_app.models.licenses import require_license
from avatar_app.models.store import Presence, Store
from avatar_app.system.paths import AppPaths

OPTION = "model"
"""The engines' option for a model's name or path."""


def with_model_path(options: dict[str, Any], manifest: Manifest, paths: AppPaths) -> dict[str, Any]:
    """Return the options with the name of a catalog model replaced by its path.

    Where none is chosen, the first installed one that the engine asks for is used. Raises
    ModelMissing if the chosen one is not installed, LicenseNotAccepted if it may not be used yet.
    Other names are left to the engine.
    """
    if not isinstance(name := options.get(OPTION), str) or not (name or manifest.needs.models):
        return options
    store, catalog = _known(paths)
    if model := catalog.by_name.get(name):
        return options | {OPTION: str(usable_path(model, store))}
    if not name and (path := _first_usable(manifest, store, catalog)):
        return options | {OPTION: str(path)}
    return options


def with_installed_model(
    options: dict[str, Any], manifest: Manifest, paths: AppPaths
) -> dict[str, Any]:
    """Return options without a choice of the user with a model that is installed.

    That is the engine's default or, if it is missing, the first of the catalog that may be used.
    """
    name = options.get(OPTION)
    if not isinstance(name, str) or not name:
        return options
    store, catalog = _known(paths)
    default = catalog.by_name.get(name)
    if default is None or store.presence(default) is Presence.INSTALLED:
        return options
    for model in catalog.models:
        same = model.engine == manifest.name and model.kind is manifest.kind
        if same and store.presence(model) is Presence.INSTALLED and not _is_refused(model, store):
            return options | {OPTION: model.id}
    return options


def _is_refused(model: Model, store: Store) -> bool:
    return model.license.must_accept and not store.is_accepted(model)


def usable_path(model: Model, store: Store) -> Path:
    """Return the model's path; raises ModelMissing or LicenseNotAccepted if it may not be used."""
    if store.presence(model) is not Presence.INSTALLED:
        raise ModelMissing(
            f"{model.title} is not installed.",
            f"Type: avatar-app models download {model.id}",
        )
    require_license(model, store)
    return store.path(model)


def installed_path(name: str, paths: AppPaths) -> Path | None:
    """Return the path of an installed model of the catalog; None if it is not installed.

    Raises LicenseNotAccepted if it is installed but may not be used yet.
    """
    store = Store.of(paths)
    model = user_catalog(store.root).by_name.get(name)
    if model is None or store.presence(model) is not Presence.INSTALLED:
        return None
    return usable_path(model, store)


def license_notices(
    options: dict[str, Any], manifest: Manifest, paths: AppPaths
) -> tuple[Noticed, ...]:
    """Return notices, once, about a restricted model whose path was given by hand."""
    given = options.get(OPTION)
    if not isinstance(given, str) or not given or not expanded(given).is_file():
        return ()
    store, catalog = _known(paths)
    path = expanded(given)
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
    """Whether a file looks like the model: by its name, also if it was converted, or by its
    size."""
    names = {Path(name).stem.casefold() for name in model.contents}
    sizes = {file.bytes for file in model.files}
    return path.stem.casefold() in names or path.stat().st_size in sizes


def _first_usable(manifest: Manifest, store: Store, catalog: Catalog) -> Path | None:
    wanted = (catalog.by_id.get(name) for name in manifest.needs.models)
    for model in filter(None, wanted):
        if store.presence(model) is Presence.INSTALLED:
            return usable_path(model, store)
    return None


def _known(paths: AppPaths) -> tuple[Store, Catalog]:
    store = Store.of(paths)
    return store, user_catalog(store.root)
