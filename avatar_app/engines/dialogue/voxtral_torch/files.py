"""Checks the folder of a Voxtral model before anything large is imported."""

from __future__ import annotations

import json
from pathlib import Path

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.home import expanded

CONFIG, TOKENIZER = "config.json", "tekken.json"
_HINT = "Choose a folder with the files of mistralai/Voxtral-Mini-3B-2507: dialogue.options.model="
_MOST_BYTES = 1_000_000


def check_files(model: str) -> Path:
    """Return the folder. Raises ModelMissing where a file is missing, InputInvalid where it is that
    of another model."""
    if not model:
        raise ModelMissing("No folder with Voxtral is chosen.", _HINT)
    folder = expanded(model)
    for name in (CONFIG, TOKENIZER):
        if not (folder / name).is_file():
            raise ModelMissing(f"{folder} contains no {name}.", _HINT)
    if not any(folder.glob("*.safetensors")):
        raise ModelMissing(f"{folder} contains no weights (.safetensors).", _HINT)
    try:
        written = json.loads((folder / CONFIG).read_bytes()[:_MOST_BYTES])["model_type"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputInvalid(f"{folder / CONFIG} cannot be read.", _HINT) from error
    if written != "voxtral":
        raise InputInvalid(f"{folder} is made for {str(written)[:60]}, not for Voxtral.", _HINT)
    return folder
