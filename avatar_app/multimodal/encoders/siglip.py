"""Encodes pictures with SigLIP (Zhai et al., 2023, https://arxiv.org/abs/2303.15343)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import SiglipVisionModel

from avatar_app.multimodal.encoders.frames import Pixels, normalized
from avatar_app.multimodal.encoders.loading import load_encoder, torch_device

_HALF = (0.5, 0.5, 0.5)
_BATCH = 64


class SigLIPEncoder:
    """A `SiglipVisionModel` of any size: from a folder, or loaded already."""

    def __init__(self, source: str | Path | Any, device: str = "cpu") -> None:
        """Raises ModelMissing, InputInvalid."""
        self._model = load_encoder(SiglipVisionModel, source, "SigLIP").to(torch_device(device))
        self._size: int = self._model.config.image_size
        self.dim: int = self._model.config.hidden_size

    @torch.inference_mode()
    def encode(self, pictures: Sequence[Pixels], *, patches: bool = False) -> torch.Tensor:
        """Return what SigLIP pools of each picture, (n, 1, dim); with `patches` a vector for each
        patch, (n, patches, dim). Raises InputInvalid for what is no RGB picture."""
        pixels = normalized(pictures, self._size, _HALF, _HALF)
        parts = []
        for batch in pixels.split(_BATCH):
            output = self._model(batch.to(self._model.device))
            parts.append(output.last_hidden_state if patches else output.pooler_output[:, None])
        return torch.cat(parts).clone()
