"""MuseTalk's networks: what they hear, what they see, and the lips that they paint.

Zhang et al., "MuseTalk: Real-Time High-Fidelity Video Dubbing via Spatio-Temporal Sampling" (2024).
A variational autoencoder shows a face, and the same without its lower half, to a U-Net, which in
one step without noise (timestep 0) returns the latents of the face that says what Whisper's encoder
has heard.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from avatar_app.core.errors import DeviceUnavailable, InputInvalid
from avatar_app.core.values import Image, Samples
from avatar_app.engines.diffusion.levels import AUTO, CPU, CUDA
from avatar_app.engines.diffusion.loading import prepare_libraries
from avatar_app.engines.face.lips.hearing import RATE
from avatar_app.engines.face.musetalk.files import HINT, Files
from avatar_app.engines.face.musetalk.hearing import (
    CONTEXT,
    MOMENTS_PER_SECOND,
    PIECE_SECONDS,
    Floats,
)
from avatar_app.engines.face.musetalk.loading import (
    load_autoencoder,
    load_encoder,
    load_extractor,
    load_unet,
)
from avatar_app.engines.onnx_session import ErrorTexts, inference_errors

TEXTS = ErrorTexts(
    "MuseTalk",
    if_out_of_memory="Choose a smaller batch, close other programs, or choose Wav2Lip.",
    if_failed="Choose another face.",
)
_MOMENT = RATE // MOMENTS_PER_SECOND


class Networks:
    """The loaded networks, on one device."""

    def __init__(self, files: Files, device: str, threads: int) -> None:
        """Raises InputInvalid, DeviceUnavailable or OutOfMemory."""
        prepare_libraries()
        import torch

        self._torch = torch
        torch.set_num_threads(threads or os.cpu_count() or 1)
        self._device = _device(device, has_card=torch.cuda.is_available())
        self._kind = torch.float16 if self._device == CUDA else torch.float32
        self._extractor = load_extractor(files.whisper)
        place = self._device, self._kind
        with inference_errors(TEXTS):
            self._encoder = load_encoder(files.whisper, place)
            self._autoencoder = load_autoencoder(files.autoencoder, place)
            self._unet = load_unet(files.unet, place)
        self._check_sizes()
        self._places = torch.from_numpy(_places(self._length, self._width)).to(*place)

    def hear(self, samples: Samples) -> Floats:
        """Return the encoder's hidden states, (moments, layers, width), of at most 30 s at 16 kHz;
        50 moments a second."""
        count = len(samples) // _MOMENT
        if not count:
            return np.zeros((0, self._layers, self._width), np.float32)
        with inference_errors(TEXTS), self._torch.inference_mode():
            mel = self._extractor(samples, sampling_rate=RATE, return_tensors="np").input_features
            given = self._torch.from_numpy(np.asarray(mel)).to(self._device, self._kind)
            states = self._encoder(given, output_hidden_states=True).hidden_states
            stacked = self._torch.stack(states, dim=2)[0, :count]
            return np.asarray(stacked.float().cpu().numpy(), np.float32)

    def see(self, face: Image) -> Any:
        """Return the latents, (8, rows, columns), of a face (256, 256, 3): without and with its
        lower half."""
        whole = np.ascontiguousarray(face.transpose(2, 0, 1), np.float32) / np.float32(127.5) - 1
        masked = whole.copy()
        masked[:, masked.shape[1] // 2 :] = -1
        with inference_errors(TEXTS), self._torch.inference_mode():
            both = self._torch.from_numpy(np.stack([masked, whole]))
            seen = self._autoencoder.encode(both.to(self._device, self._kind)).latent_dist.mode()
            return (seen * self._autoencoder.config.scaling_factor).flatten(0, 1)

    def paint(self, latents: Any, sounds: Floats) -> Callable[[], Image]:
        """Start to paint faces, (n, 256, 256, 3), for latents (n, 8, rows, columns) and sounds
        (n, moments · layers, width); the returned function waits for them."""
        with inference_errors(TEXTS), self._torch.inference_mode():
            heard = self._torch.from_numpy(sounds).to(self._device, self._kind) + self._places
            painted = self._unet(latents, 0, encoder_hidden_states=heard).sample
            scaled = painted / self._autoencoder.config.scaling_factor
            planes = self._autoencoder.decode(scaled).sample
            levels = ((planes.float() / 2 + 0.5).clamp(0, 1) * 255).round()
            faces = levels.to(self._torch.uint8).permute(0, 2, 3, 1)

        def finish() -> Image:
            with inference_errors(TEXTS):
                return np.ascontiguousarray(faces.cpu().numpy())

        return finish

    def stacked(self, latents: list[Any]) -> Any:
        """Return latents of several faces as one batch."""
        return self._torch.stack(latents)

    @property
    def _layers(self) -> int:
        return int(self._encoder.config.encoder_layers) + 1

    @property
    def _width(self) -> int:
        return int(self._encoder.config.d_model)

    @property
    def _length(self) -> int:
        return CONTEXT * self._layers

    def _check_sizes(self) -> None:
        unet, latent = self._unet.config, self._autoencoder.config.latent_channels
        fits = (unet.in_channels, unet.out_channels) == (2 * latent, latent)
        if not fits or unet.cross_attention_dim != self._width:
            raise InputInvalid("MuseTalk's networks do not fit one another.", HINT)
        moments = self._encoder.config.max_source_positions
        if moments != PIECE_SECONDS * MOMENTS_PER_SECOND:
            raise InputInvalid("The Whisper of MuseTalk hears no pieces of 30 seconds.", HINT)


def _device(chosen: str, *, has_card: bool) -> str:
    if chosen == CPU:
        return CPU
    if not has_card:
        raise DeviceUnavailable(
            "MuseTalk needs an NVIDIA card that PyTorch can use.",
            "Choose Wav2Lip. The device cpu takes seconds for each picture."
            if chosen == AUTO
            else "Choose the device auto or another face.",
        )
    return CUDA


def _places(length: int, width: int) -> Floats:
    """Return what is added to each position of the sound (Vaswani et al., "Attention Is All You
    Need", 2017): (length, width)."""
    place = np.arange(length, dtype=np.float32)[:, None]
    step = np.exp(np.arange(0, width, 2, dtype=np.float32) * np.float32(-np.log(10_000.0) / width))
    table = np.zeros((length, width), np.float32)
    table[:, 0::2] = np.sin(place * step)
    table[:, 1::2] = np.cos(place * step)[:, : width // 2]
    return table
