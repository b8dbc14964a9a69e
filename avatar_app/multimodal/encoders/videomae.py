"""Encodes films with VideoMAE (Tong et al., 2022, https://arxiv.org/abs/2203.12602)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import VideoMAEModel

from avatar_app.core.errors import InputInvalid
from avatar_app.multimodal.encoders.frames import Pixels, normalized
from avatar_app.multimodal.encoders.loading import load_encoder, torch_device

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet."""


class VideoMAEEncoder:
    """A `VideoMAEModel` of any size: from a folder, or loaded already."""

    def __init__(self, source: str | Path | Any, device: str = "cpu") -> None:
        """Raises ModelMissing, InputInvalid."""
        self._model = load_encoder(VideoMAEModel, source, "VideoMAE").to(torch_device(device))
        config = self._model.config
        self._size, self.frames, self.dim = config.image_size, config.num_frames, config.hidden_size
        self._tubes: int = self.frames // config.tubelet_size

    @torch.inference_mode()
    def encode(self, film: Sequence[Pixels]) -> torch.Tensor:
        """Return a vector for each moment of a film, (1, moments, dim): the mean of its patches.

        Of a film of any length `frames` pictures are taken, evenly spread; of a shorter one some
        are taken more than once. Raises InputInvalid for an empty film.
        """
        if not len(film):
            raise InputInvalid("The film has no pictures.")
        chosen = np.linspace(0, len(film) - 1, self.frames).round().astype(int)
        pixels = normalized([film[at] for at in chosen], self._size, _MEAN, _DEVIATION)
        states = self._model(pixels[None].to(self._model.device)).last_hidden_state
        return states.reshape(1, self._tubes, -1, self.dim).mean(dim=2).clone()
