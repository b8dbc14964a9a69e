"""The files of a VibeVoice beside its configuration and voices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.engines.tts.vibevoice.shape import HINT

_WEIGHTS = ("model.safetensors", "pytorch_model.bin", "model.pt")
_TOKENIZER = "tokenizer.json"


def weights_of(folder: Path) -> Path:
    """Return the path of the weights in a folder. Raises ModelMissing."""
    for name in _WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    raise ModelMissing(f"The weights ({_WEIGHTS[0]}) are missing in {folder}.", HINT)


def read_tokenizer(folder: Path) -> Any:
    """Load the tokenizer, Qwen2.5's. Raises ModelMissing, InputInvalid."""
    from tokenizers import Tokenizer

    path = folder / _TOKENIZER
    if not path.is_file():
        raise ModelMissing(f"The tokenizer ({_TOKENIZER}) is missing in {folder}.", HINT)
    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the library raises nothing narrower
        raise InputInvalid(f"The tokenizer {path} is damaged.", HINT) from error
