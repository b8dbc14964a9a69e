"""Cloned voices: computes the reference's latents once per model, and caches them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.home import expanded
from avatar_app.core.values import Samples
from avatar_app.engines.tts.coqui.speakers import LATENTS

REFERENCE = "reference.wav"
LATENTS_FILE = "latents.safetensors"
_MODEL = "model"
"""Metadata key for the name of the model that computed the latents."""


def is_cloned(voice: str) -> bool:
    """Return whether `voice` is the folder of a cloned voice, rather than a speaker's name."""
    return bool(voice) and (expanded(voice) / REFERENCE).is_file()


def read_reference(folder: Path, rate: int) -> Samples:
    """Read the reference recording as mono at `rate`. Raises InputInvalid."""
    import soundfile
    import soxr

    path = folder / REFERENCE
    try:
        samples, found = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise InputInvalid(f"The recording {path} is damaged.", "Clone the voice again.") from error
    return np.ascontiguousarray(soxr.resample(samples.mean(axis=1), found, rate), np.float32)


def read_cached(folder: Path, model: str) -> Mapping[str, Any] | None:
    """Return the LATENTS that `model` computed of the voice; None if they are not cached.

    Raises InputInvalid for a damaged file.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / LATENTS_FILE
    if not path.is_file():
        return None
    try:
        with safe_open(str(path), framework="pt") as file:
            if (file.metadata() or {}).get(_MODEL) != model:
                return None
            return {name: file.get_tensor(name) for name in LATENTS}
    except (OSError, SafetensorError) as error:
        raise InputInvalid(f"{path} is damaged: {error}.", "Clone the voice again.") from error


def pack_latents(latents: Mapping[str, Any], model: str) -> bytes:
    """Serialize latents for `read_cached`."""
    from safetensors.torch import save

    tensors = {name: latents[name].contiguous().cpu() for name in LATENTS}
    return bytes(save(tensors, metadata={_MODEL: model}))
