"""HiFi-GAN (Kong et al., 2020): the frames of any network to sound, in chunks that fit together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from TTS.config import load_config
from TTS.vocoder.models.hifigan_generator import HifiganGenerator

from avatar_app.core.errors import InputInvalid
from avatar_app.core.turn import Turn
from avatar_app.core.values import Samples
from avatar_app.engines.tts.coqui.files import HINT, weights_of
from avatar_app.engines.tts.coqui.mel_scale import MelScale
from avatar_app.engines.tts.coqui.network import settled
from avatar_app.engines.tts.coqui.stopping import Brake
from avatar_app.engines.tts.speech.chunks import Spoken

_FIRST_FRAMES, _FRAMES = 32, 96
"""Frames in the first chunk and in each other: 0.4 and 1.1 s at 22,050 Hz."""
_GENERATOR = "model_g."
"""Before the names of weights, where the file also holds the network's critic."""


class Vocoder:
    """A loaded vocoder."""

    def __init__(self, folder: Path, device: str) -> None:
        """Raises InputInvalid for any other network than a HiFi-GAN."""
        config = load_config(folder / "config.json")
        if str(config.generator_model).lower() != "hifigan_generator":
            raise InputInvalid(
                f"The vocoder in {folder} is a {config.generator_model}.",
                "HiFi-GAN can be used, for example hifigan_v2.",
            )
        shape = {"in_channels": config.audio.num_mels, **config.generator_model_params}
        generator = HifiganGenerator(out_channels=1, **shape)
        generator.load_state_dict(_weights(weights_of(folder)))
        self._generator = settled(generator.eval()).to(device)
        self._brake = Brake(self._generator)
        self._margin = reach_of(
            shape["upsample_factors"],
            shape["upsample_kernel_sizes"],
            shape["resblock_kernel_sizes"],
            shape["resblock_dilation_sizes"],
        )
        self.scale = MelScale.of(config.audio, folder)
        self.hop = prod(shape["upsample_factors"])
        self.rate = int(config.audio.sample_rate)

    def sounding(self, whole: Spoken, frames: Any, turn: Turn) -> Iterator[Spoken]:
        """Yield a phrase in chunks: `whole` with its words and visemes, `frames` as they sound."""
        count, begin = frames.shape[2], 0
        while begin < count:
            end = min(begin + (_FRAMES if begin else _FIRST_FRAMES), count)
            with self._brake.held_by(turn):
                sound = self._decoded(frames, begin, end)
            last = end * self.hop + (end == count)  # a word without sound may begin at the very end
            yield replace(whole.between(begin * self.hop, last), samples=sound)
            begin = end

    @torch.inference_mode()
    def _decoded(self, frames: Any, begin: int, end: int) -> Samples:
        first, last = max(begin - self._margin, 0), min(end + self._margin, frames.shape[2])
        sound = self._generator(frames[:, :, first:last]).flatten()
        own = sound[(begin - first) * self.hop : (end - first) * self.hop]
        return np.ascontiguousarray(own.clamp(-1, 1).float().cpu().numpy(), np.float32)


def reach_of(rates: Any, kernels: Any, block_kernels: Any, block_dilations: Any) -> int:
    """Return how many frames beyond a chunk are heard in it."""
    reach = 3.0  # its first layer: seven wide
    products = accumulate(rates, lambda product, rate: product * rate)
    widest = max(
        sum((dilation + 1) * (kernel - 1) / 2 for dilation in dilations)
        for kernel, dilations in zip(block_kernels, block_dilations, strict=True)
    )
    for rate, kernel in zip(products, kernels, strict=True):
        reach += (kernel + widest) / rate
    return ceil(reach) + 1


def _weights(path: Path) -> dict[str, Any]:
    loaded = torch.load(path, map_location="cpu", weights_only=True)["model"]
    own = {name.removeprefix(_GENERATOR): loaded[name] for name in loaded if _GENERATOR in name}
    if not (own or loaded):
        raise InputInvalid(f"The vocoder {path} is empty.", HINT)
    return own or dict(loaded)
