"""The published files of MuseTalk: where they lie, and what their configurations say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.home import expanded

HINT = (
    "Name the folder that holds musetalkV15, sd-vae and whisper, as MuseTalk's download script "
    "arranges them: face.options.model="
)
_UNET = (
    ("musetalkV15", ("unet.safetensors", "unet.pth")),
    ("musetalk", ("pytorch_model.safetensors", "pytorch_model.bin")),
)
_VAE = ("sd-vae", "sd-vae-ft-mse")
_VAE_WEIGHTS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
_WHISPER = ("whisper", "whisper-tiny")
_WHISPER_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """One network: its configuration and its weights."""

    title: str
    folder: Path
    config: dict[str, Any]
    weights: Path


@dataclass(frozen=True, slots=True)
class Files:
    """The three networks."""

    unet: Part
    autoencoder: Part
    whisper: Part


def find_files(model: str) -> Files:
    """Return the files in the folder `model`. Raises ModelMissing, or InputInvalid where a
    configuration is damaged."""
    if not model:
        raise ModelMissing("No folder with MuseTalk is chosen.", HINT)
    root = expanded(model)
    if not root.is_dir():
        raise ModelMissing(f"There is no folder {root} with MuseTalk.", HINT)
    chosen = next((each for each in _UNET if (root / each[0]).is_dir()), _UNET[0])
    return Files(
        _part(root, "MuseTalk", (chosen[0],), "musetalk.json", chosen[1]),
        _part(root, "the autoencoder", _VAE, "config.json", _VAE_WEIGHTS),
        _part(root, "Whisper", _WHISPER, "config.json", _WHISPER_WEIGHTS),
    )


def _part(
    root: Path, title: str, folders: Sequence[str], config: str, weights: Sequence[str]
) -> Part:
    folder = next((root / name for name in folders if (root / name).is_dir()), root / folders[0])
    path = folder / config
    if not path.is_file():
        raise ModelMissing(f"{path} is missing.", HINT)
    found = [folder / name for name in weights if (folder / name).is_file()]
    if not found:
        raise ModelMissing(f"The weights of {title} are missing in {folder}.", HINT)
    try:
        document = json.loads(path.read_bytes()[:_MOST_BYTES])
    except (OSError, ValueError, RecursionError) as error:
        raise InputInvalid(f"{path} is damaged: it is no JSON.", HINT) from error
    if not isinstance(document, dict):
        raise InputInvalid(f"{path} is damaged: it is no JSON object.", HINT)
    return Part(title, folder, document, found[0])
