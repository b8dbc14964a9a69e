"""The speakers that come with XTTS: read once from PyTorch's format, then from safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.engines.tts.coqui.damage import reason_of

_HINT = "Fetch it again: avatar-app models download xtts-v2"
LATENTS = ("gpt_cond_latent", "speaker_embedding")
"""What XTTS knows of a speaker: how they speak, and what they sound like."""


def read_speakers(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Each speaker's LATENTS, by name; nothing that is in the files is run. Raises InputInvalid."""
    safe, original = folder / "speakers.safetensors", folder / "speakers_xtts.pth"
    try:
        if safe.is_file():
            return _read_safe(safe)
        if original.is_file():
            return _read_original(original)
    except Exception as error:  # the formats share no class of errors
        raise InputInvalid(
            f"The speakers in {folder} are damaged: {reason_of(error)}.", _HINT
        ) from error
    return {}


def write_speakers(speakers: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Keep speakers in safetensors, which holds numbers and nothing else."""
    from safetensors.torch import save_file

    save_file(
        {
            f"{name}\n{latent}": values[latent].contiguous()
            for name, values in speakers.items()
            for latent in LATENTS
        },
        str(path),
    )


def _read_safe(path: Path) -> dict[str, Mapping[str, Any]]:
    from safetensors.torch import load_file

    speakers: dict[str, dict[str, Any]] = {}
    for key, values in load_file(str(path)).items():
        name, _, latent = key.partition("\n")
        speakers.setdefault(name, {})[latent] = values
    return {name: _checked(latents) for name, latents in speakers.items()}


def _read_original(path: Path) -> dict[str, Mapping[str, Any]]:
    import torch

    loaded = torch.load(path, map_location="cpu", weights_only=True)
    return {str(name): _checked(latents) for name, latents in loaded.items()}


def _checked(latents: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: latents[name] for name in LATENTS}
