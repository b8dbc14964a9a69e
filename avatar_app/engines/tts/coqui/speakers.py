"""Reads XTTS's built-in speakers without running code in their file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.engines.tts.coqui.damage import reason_of

_HINT = "Download it again: avatar-app models download xtts-v2"
LATENTS = ("gpt_cond_latent", "speaker_embedding")
"""A speaker in XTTS: prosody, and timbre."""


def read_speakers(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Read each speaker's LATENTS, by name, without running code in the file. Raises
    InputInvalid."""
    path = folder / "speakers_xtts.pth"
    if not path.is_file():
        return {}
    import torch

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
        return {str(name): _checked(latents) for name, latents in loaded.items()}
    except Exception as error:  # torch's errors share no class
        raise InputInvalid(
            f"The speakers in {folder} are damaged: {reason_of(error)}.", _HINT
        ) from error


def _checked(latents: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: latents[name] for name in LATENTS}
