"""Encodes sounds with Whisper's encoder (Radford et al., 2022), from either of two formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.engines.asr.whisper.encoding import LEAD, LONGEST, encode
from avatar_app.engines.asr.whisper.loading import load as load_converted
from avatar_app.multimodal.encoders.loading import load_encoder, torch_device

CONVERTED = "model.bin"
"""A folder with it is for CTranslate2, as the starter set's Whisper is."""
_PADDING = 0.5
"""Seconds of silence behind a sound; a text would need more of it, a vector does not."""
_VECTORS_A_SECOND = 50
_States = Callable[[Samples], torch.Tensor]
"""Returns what a network makes of one sound: (vectors, dim)."""


class WhisperEncoder:
    """Whisper's encoder: a folder for transformers or for CTranslate2, or a `WhisperModel` that is
    loaded already."""

    def __init__(self, source: str | Path | Any, device: str = "cpu", threads: int = 0) -> None:
        """Raises ModelMissing, InputInvalid, DeviceUnavailable, OutOfMemory."""
        if not isinstance(source, torch.nn.Module) and (Path(source) / CONVERTED).is_file():
            self._states, self.dim = _converted(Path(source), torch_device(device), threads)
        else:
            self._states, self.dim = _original(source, torch_device(device))

    def encode(
        self, sounds: Sequence[Samples], rate: int = MICROPHONE_RATE, *, moments: int = 1
    ) -> torch.Tensor:
        """Return (n, moments, dim): the mean of the encoder's states in each part of a sound.

        `sounds`: mono, at most 27.7 s each. Raises InputInvalid for an empty, longer or broken one.
        """
        return torch.stack([self._pooled(each, rate, moments) for each in sounds])

    def _pooled(self, sound: Samples, rate: int, moments: int) -> torch.Tensor:
        if sound.ndim != 1 or not len(sound) or not np.isfinite(sound).all():
            raise InputInvalid("A sound is a row of finite numbers: mono, and not empty.")
        if len(sound) / rate > LONGEST:
            raise InputInvalid(f"The sound is longer than {LONGEST:.1f} s.", "Cut it.")
        samples = sound.astype(np.float32)
        if rate != MICROPHONE_RATE:
            samples = soxr.resample(samples, rate, MICROPHONE_RATE)
        states = self._states(samples)
        count = max(moments, round(len(samples) / MICROPHONE_RATE * _VECTORS_A_SECOND))
        parts = torch.tensor_split(states[: max(count, moments)], moments)
        return torch.stack([part.mean(dim=0) for part in parts])


def _converted(folder: Path, device: str, threads: int) -> tuple[_States, int]:
    """Return what encodes one sound with CTranslate2, (vectors, dim), from the sound's beginning
    on; and dim."""
    model = load_converted(folder, device, "auto", threads)
    lead = round(LEAD * _VECTORS_A_SECOND)

    def states(samples: Samples) -> torch.Tensor:
        output = encode(model, samples, _PADDING).output
        return torch.from_numpy(np.array(output, np.float32)[0, lead:])

    width = states(np.zeros(MICROPHONE_RATE // 10, np.float32)).shape[-1]
    return states, width


def _original(source: str | Path | Any, device: str) -> tuple[_States, int]:
    """Return what encodes one sound with transformers, and dim."""
    from transformers import WhisperFeatureExtractor, WhisperModel

    encoder = load_encoder(WhisperModel, source, "Whisper").get_encoder().to(device)
    seconds = encoder.config.max_source_positions // _VECTORS_A_SECOND
    extractor = WhisperFeatureExtractor(encoder.config.num_mel_bins, chunk_length=seconds)

    def states(samples: Samples) -> torch.Tensor:
        if len(samples) > seconds * MICROPHONE_RATE:
            raise InputInvalid(f"The sound is longer than the model's {seconds} s.", "Cut it.")
        given = extractor(samples, sampling_rate=MICROPHONE_RATE, return_tensors="pt")
        with torch.inference_mode():
            output = encoder(given.input_features.to(device)).last_hidden_state[0]
        vectors: torch.Tensor = output.cpu().clone()
        return vectors

    return states, int(encoder.config.d_model)
