"""Loads MuseTalk's networks into the classes of diffusers and transformers, without unpickling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.engines.checkpoints.reading import Published, read_renamed_weights
from avatar_app.engines.diffusion.loading import loading_errors
from avatar_app.engines.face.musetalk.files import HINT, Part

Place = tuple[str, Any]
"""Device, and PyTorch's type of the numbers."""

_ENCODER = "encoder."
_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""What the layers of an autoencoder's attention were called when it was published."""


def load_unet(part: Part, place: Place) -> Any:
    """Return a `diffusers.UNet2DConditionModel`. Raises InputInvalid."""
    from diffusers import UNet2DConditionModel

    return _loaded(part, place, lambda: UNet2DConditionModel.from_config(part.config), _same)


def load_autoencoder(part: Part, place: Place) -> Any:
    """Return a `diffusers.AutoencoderKL`. Raises InputInvalid."""
    from diffusers import AutoencoderKL

    return _loaded(part, place, lambda: AutoencoderKL.from_config(part.config), _renamed)


def load_encoder(part: Part, place: Place) -> Any:
    """Return the encoder of a Whisper, of transformers. Raises InputInvalid."""
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    def make() -> Any:
        return WhisperEncoder(WhisperConfig.from_dict(part.config))

    return _loaded(part, place, make, _of_encoder)


def load_extractor(part: Part) -> Any:
    """Return what makes a Whisper's spectrogram. Raises InputInvalid."""
    from transformers import WhisperFeatureExtractor

    path = part.folder / "preprocessor_config.json"
    with loading_errors(path, "description of Whisper's sound", HINT):
        return WhisperFeatureExtractor.from_pretrained(part.folder, local_files_only=True)


def _loaded(
    part: Part, place: Place, make: Callable[[], Any], name_of: Callable[[str], str | None]
) -> Any:
    import torch

    with loading_errors(part.folder, part.title, HINT), torch.device("meta"):
        network = make()
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    published = Published(part.title, part.title, where=HINT, which=HINT, shapes=shapes)
    weights = read_renamed_weights(part.weights, published, name_of)
    state = {key: torch.from_numpy(np.asarray(weights[key])).to(*place) for key in shapes}
    network.load_state_dict(state, assign=True)
    if any(value.is_meta for value in network.buffers()):
        raise InputInvalid(f"{part.weights} does not hold all of {part.title}.", HINT)
    return network.eval().requires_grad_(requires_grad=False)


def _same(key: str) -> str:
    return key


def _renamed(key: str) -> str:
    parts = key.rsplit(".", 2)
    if len(parts) == 3 and ".attentions." in key and parts[1] in _ATTENTION:
        return f"{parts[0]}.{_ATTENTION[parts[1]]}.{parts[2]}"
    return key


def _of_encoder(key: str) -> str | None:
    """A Whisper's file holds its decoder as well."""
    name = key.removeprefix("model.")
    return name.removeprefix(_ENCODER) if name.startswith(_ENCODER) else None
