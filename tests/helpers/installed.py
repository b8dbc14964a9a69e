"""Models that count as installed, though their files hold next to nothing."""

from __future__ import annotations

import io

import numpy as np

from avatar_app.models.catalog import Model, user_catalog
from avatar_app.models.store import Store, StoredFile
from avatar_app.system.paths import app_paths

VOICES = ("af_heart", "am_adam", "ef_dora", "ff_siwis")
"""Of Kokoro: American, Spanish and French."""


def install(*ids: str) -> tuple[Model, ...]:
    """Put models of the catalog into the models' folder of the test."""
    store = Store.of(app_paths())
    models = user_catalog(store.root).find_all(ids)
    for model in models:
        stored = {}
        for name in model.contents:
            path = store.folder(model) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_styles() if name.startswith("voices") else b"none")
            stored[name] = StoredFile(path.stat().st_size, "0" * 64)
        store.record_files(model, stored, "a test")
    return models


def _styles() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{name: np.zeros((510, 1, 256), np.float32) for name in VOICES})  # type: ignore[arg-type]
    return buffer.getvalue()
