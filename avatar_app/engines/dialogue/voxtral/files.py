"""Finds a Voxtral model's two files: the language model, and the projector by which it hears."""

from __future__ import annotations

from pathlib import Path

from avatar_app.core.errors import ModelMissing
from avatar_app.core.home import expanded

HINT = "Download it: avatar-app models download voxtral-mini-3b"
PROJECTOR = "mmproj"
"""How the names of projectors begin, or end before the suffix."""


def find_files(model: str) -> tuple[Path, Path]:
    """Return the language model and the projector of a folder, or of a language model and its
    folder. Raises ModelMissing."""
    path = expanded(model)
    folder = path.parent if path.is_file() else path
    files = sorted(folder.glob("*.gguf"))
    projectors = [file for file in files if PROJECTOR in file.name.lower()]
    models = [path] if path.is_file() else [file for file in files if file not in projectors]
    if not models:
        raise ModelMissing(f"No Voxtral model (.gguf) in {folder}.", HINT)
    if not projectors:
        raise ModelMissing(f"The projector (mmproj….gguf) is missing in {folder}.", HINT)
    return models[0], projectors[0]
