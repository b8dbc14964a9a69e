"""Finds the two files of an Orpheus model: the language model, and SNAC's decoder."""

from __future__ import annotations

from pathlib import Path

from avatar_app.core.errors import ModelMissing
from avatar_app.core.home import expanded

HINT = "Download it: avatar-app models download orpheus-3b"


def find_files(model: str) -> tuple[Path, Path]:
    """Return the language model (.gguf) and the decoder (.onnx) of a folder, or of a language model
    and its folder. Raises ModelMissing."""
    path = expanded(model)
    folder = path.parent if path.is_file() else path
    talkers = [path] if path.suffix == ".gguf" else sorted(folder.glob("*.gguf"))
    decoders = sorted(folder.glob("*.onnx"))
    if not talkers:
        raise ModelMissing(f"No Orpheus model (.gguf) in {folder}.", HINT)
    if not decoders:
        raise ModelMissing(f"SNAC's decoder (.onnx) is missing in {folder}.", HINT)
    return talkers[0], decoders[0]
