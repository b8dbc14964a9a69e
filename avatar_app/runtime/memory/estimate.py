"""Estimates an engine's memory: from measurements, or from its manifest and model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.home import expanded
from avatar_app.core.manifest import Manifest
from avatar_app.models.catalog import Catalog, Model
from avatar_app.models.gguf import read_header
from avatar_app.models.store import Presence, Store
from avatar_app.storage.measurements import Measurements
from avatar_app.system.memory import MemoryFootprint

MATTERS = frozenset(
    {
        "model", "device", "compute", "precision", "runtime", "gpu_layers", "context",
        "threads", "batch", "beam", "width", "height", "avatar", "kv_cache",
    }
)  # fmt: skip
"""Options on which an engine's memory depends."""
MB = 2**20
READ_AT_ONCE = 512
"""Tokens of a prompt that llama.cpp processes together."""
WIDE = 3
"""Width of the largest layer that it keeps for each of them."""
TOKEN_BYTES = 160
"""Memory of llama.cpp for each token of the vocabulary: its text, and two lookup tables."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated memory of an engine."""

    weight: MemoryFootprint
    is_measured: bool
    """Whether it was measured here, with these very options; else it is estimated."""


def choice_key(options: dict[str, Any]) -> str:
    """Return the same text for all choices with the same footprint."""
    return json.dumps({key: options[key] for key in sorted(MATTERS & options.keys())})


def estimate(
    manifest: Manifest,
    options: dict[str, Any],
    measurements: Measurements | None,
    store: Store,
    catalog: Catalog,
    *,
    has_card: bool = False,
) -> Estimate:
    """`options`: as chosen; for the others the manifest's defaults apply.

    Measured here with another model, the estimate is adjusted by the difference of the models' file
    sizes, times the manifest's `needs.per_model_mb`.
    """
    checked = manifest.checked(options)
    key = choice_key(checked)
    trials = measurements.trials(manifest.kind, manifest.name) if measurements else {}
    if trial := trials.get(key):
        return Estimate(MemoryFootprint(trial.ram_mb, trial.vram_mb), is_measured=True)
    needs, size = manifest.needs, model_mb(checked.get("model", ""), manifest, store, catalog)
    on_card = has_card and uses_card(checked)
    alike = (
        other
        for name, other in trials.items()
        if size and other.model_mb and _differ_in_model(name, key)
    )
    if needs.per_model_mb and (other := next(alike, None)):
        more = (size - other.model_mb) * needs.per_model_mb
        return Estimate(
            MemoryFootprint(other.ram_mb + more * (not on_card), other.vram_mb + more * on_card),
            is_measured=False,
        )
    model = catalog.by_name.get(str(checked.get("model", "")))
    if model is not None and store.presence(model) is not Presence.INSTALLED and model.needs.ram_mb:
        declared = model.needs
        return Estimate(
            MemoryFootprint(needs.ram_mb, declared.vram_mb)
            if on_card
            else MemoryFootprint(declared.ram_mb),
            is_measured=False,
        )
    if needs.per_model_mb and size:
        weights = size * needs.per_model_mb + context_mb(checked, model, store, on_card=on_card)
        ram, vram = needs.ram_mb + (0 if on_card else weights), weights if on_card else 0.0
        return Estimate(MemoryFootprint(ram, vram), is_measured=False)
    return Estimate(
        MemoryFootprint(needs.ram_mb, needs.vram_mb if on_card else 0), is_measured=False
    )


def context_mb(
    options: dict[str, Any], model: Model | None, store: Store, *, on_card: bool
) -> float:
    """Return the memory of a language model's context and compute buffers; 0 for other models.

    The buffer for the probabilities of all tokens is allocated on a card; in the program's memory
    it is only reserved, as no more than one row of it is ever written.
    """
    path = store.path(model) if model is not None else Path(str(options.get("model", "")))
    if "context" not in options or not expanded(path).is_file():
        return 0.0
    try:
        header = read_header(expanded(path))
    except InputInvalid:  # its engine reports that when it is loaded
        return 0.0
    cached = options["context"] * header.cache_per_token
    computed = READ_AT_ONCE * header.forward * WIDE * 4  # float32
    chances = READ_AT_ONCE * header.vocabulary * 4
    words = chances if on_card else header.vocabulary * TOKEN_BYTES
    return float(cached + computed + words) / MB


def model_mb(name: str, manifest: Manifest, store: Store, catalog: Catalog) -> float:
    """Return the size of the model's files, on disk or from the catalog; 0 if unknown."""
    path = expanded(name)
    if name and path.is_file():
        return path.stat().st_size / MB
    if name and path.is_dir():
        return sum(each.stat().st_size for each in path.iterdir() if each.is_file()) / MB
    model = catalog.by_name.get(name or next(iter(manifest.needs.models), ""))
    if model is None:
        return 0.0
    if store.presence(model) is Presence.INSTALLED:
        return store.installed_bytes(model) / MB
    return (model.bytes or model.needs.ram_mb * MB) / MB


def uses_card(options: dict[str, Any]) -> bool:
    """Whether it would run on a graphics card, if there is one."""
    if "gpu_layers" in options:
        return bool(options["gpu_layers"])
    return options.get("device", "cpu") in ("auto", "cuda")


def _differ_in_model(one: str, other: str) -> bool:
    left, right = json.loads(one), json.loads(other)
    left.pop("model", None), right.pop("model", None)
    return bool(left == right)
