"""Describes a model of the catalog for lists and JSON: facts, installed share, license."""

from __future__ import annotations

from typing import Any

from avatar_app.models.catalog import Model
from avatar_app.models.store import Presence, Store, readable


def describe(model: Model, store: Store) -> dict[str, Any]:
    """Return the facts that lists and programs show of a model, as JSON-compatible values."""
    presence, here = store.presence(model), store.bytes_here(model)
    part = f"{100 * here / model.bytes:.0f} % here" if model.bytes else "partly"
    state = {Presence.HERE: "here", Presence.PARTLY: part, Presence.ABSENT: "not here"}[presence]
    return {
        "id": model.id,
        "kind": model.kind,
        "engine": model.engine,
        "title": model.title,
        "state": state,
        "bytes": model.bytes,
        "bytes_here": here,
        "size": readable(model.bytes) if model.bytes else "unknown",
        "license": model.license.id,
        "must_accept": model.license.must_accept,
        "non_commercial": model.license.non_commercial,
        "accepted": store.is_accepted(model),
        "path": str(store.path(model)),
    }
