"""Suggests an alternative to a slow engine: a smaller model of it, else a lighter engine."""

from __future__ import annotations

from avatar_app.core.manifest import Kind, Manifest
from avatar_app.models.catalog import Catalog
from avatar_app.runtime.kinds import BUILTIN, PHOTO


def suggestion(manifest: Manifest, model: str, catalog: Catalog) -> str:
    """Return a sentence. `model`: the one in use, as the user named it."""
    used = catalog.by_id.get(model or next(iter(manifest.needs.models), ""))
    if used is not None:
        smaller = [
            each
            for each in catalog.models
            if (each.kind, each.engine) == (used.kind, used.engine)
            and 0 < each.needs.ram_mb < used.needs.ram_mb
        ]
        if smaller:
            best = max(smaller, key=lambda each: (each.needs.ram_mb, each.id))
            return f"Choose {best.id}."
    if manifest.kind is Kind.FACE and manifest.name not in (PHOTO, BUILTIN[Kind.FACE]):
        return "Choose the photo face."
    builtin = BUILTIN[manifest.kind]
    lightest = manifest.name == builtin
    return "Close other programs that use the processor." if lightest else f"Choose {builtin}."
