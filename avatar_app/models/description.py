"""Describes a model of the catalog for lists and JSON: facts, installed share, license."""

from __future__ import annotations

import shlex
from typing import Any

from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import Model
from avatar_app.models.discovery import Found
from avatar_app.models.store import Presence, Store, readable

_COMMANDS = {
    Kind.FACE: "avatar-app run --set face.options.avatar=NAME",
    Kind.IMAGE: "avatar-app studio portrait --prompt TEXT --output FILE.png",
    Kind.VIDEO: "avatar-app studio make RECIPE.yaml",
    Kind.ANIMATE: "avatar-app studio animate PHOTO --output FILE.mp4",
    Kind.VERIFY: "avatar-app studio make RECIPE.yaml",
    Kind.ENHANCE: "avatar-app render --avatar NAME --text TEXT --output FILE.mp4",
}
"""Models that need a photo's avatar are used with one."""
_OF_STUDIO = {Kind.IMAGE, Kind.VIDEO, Kind.ANIMATE, Kind.VERIFY, Kind.RENDERER}
_DETECTOR = "detector"
"""The catalog's name for the engine of a face detection model, which is not an engine itself."""


def describe(model: Model, store: Store) -> dict[str, Any]:
    """Return the facts that lists and programs show of a model, as JSON-compatible values."""
    presence, here = store.presence(model), store.installed_bytes(model)
    part = f"{100 * here / model.bytes:.0f} % here" if model.bytes else "partly"
    state = {Presence.INSTALLED: "here", Presence.PARTLY: part, Presence.ABSENT: "not here"}[
        presence
    ]
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


def command_to_use(model: Model) -> str:
    """Return the command that uses an installed model."""
    if model.engine == _DETECTOR:
        return "avatar-app avatars add PHOTO --detector s3fd"
    command = _COMMANDS.get(model.kind, "avatar-app run")
    chooser = f"studio.{model.kind}" if model.kind in _OF_STUDIO else model.kind
    settings = f"{chooser}.engine={model.engine}", f"{chooser}.options.model={model.id}"
    return " ".join([command, *(f"--set {shlex.quote(setting)}" for setting in settings)])


def describe_found(found: Found) -> dict[str, Any]:
    """Return what programs and lists show of a model that another program has installed."""
    header = found.header
    facts = [found.kind.value, readable(found.bytes)]
    if header is not None:
        facts += [header.architecture, f"{header.parameters / 1e9:.1f} billion parameters"]
        facts += [header.quantization, f"{header.context} tokens of context"]
    use = " ".join(f"--set {shlex.quote(setting)}" for setting in found.settings)
    return {
        "title": f"{found.name} ({found.source})",
        "what": ", ".join(filter(None, facts)),
        "path": str(found.path),
        "kind": found.kind.value,
        "engine": found.engine,
        "source": found.source,
        "bytes": found.bytes,
        "architecture": header and header.architecture,
        "parameters": header and header.parameters,
        "quantization": header and header.quantization,
        "context": header and header.context,
        "flaw": found.flaw,
        "use": "" if found.flaw else f"avatar-app run {use}",
    }
