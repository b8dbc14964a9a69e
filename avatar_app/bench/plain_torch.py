"""Reference implementation of Wav2Lip in PyTorch, as the baseline for speed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image
from avatar_app.engines.face.lips.region import Region
from avatar_app.engines.face.wav2lip.lips import seen
from avatar_app.engines.face.wav2lip.network import AUDIO_ENCODER, DECODER, FACE_ENCODER, Layer

TORCH = "torch"
"""The package that is compared with."""
Floats = NDArray[np.float32]


def plain_torch(
    state: Mapping[str, Floats], face: Image, shown: Region, threads: int
) -> Callable[[Floats], Floats] | None:
    """Return a function that paints `shown` of the face, each picture whole; None where torch is
    not installed."""
    if importlib.util.find_spec(TORCH) is None:
        return None
    torch = importlib.import_module(TORCH)
    torch.set_num_threads(threads)
    weights = {key: torch.from_numpy(values) for key, values in state.items()}
    picture = torch.from_numpy(seen(face)[None])

    def run(mels: Floats) -> Floats:
        with torch.inference_mode():
            x = torch.from_numpy(mels[:, None])
            for layer in AUDIO_ENCODER:
                x = _layer(torch, weights, layer, x)
            feature, features = picture.repeat(len(mels), 1, 1, 1), []
            for block in FACE_ENCODER:
                for layer in block:
                    feature = _layer(torch, weights, layer, feature)
                features.append(feature)
            for block in DECODER:
                for layer in block:
                    x = _layer(torch, weights, layer, x)
                x = torch.cat((x, features.pop()), 1) if features else x
        rows, columns = slice(shown.top, shown.bottom), slice(shown.left, shown.right)
        pictures: Floats = x.numpy()[:, ::-1, rows, columns].transpose(0, 2, 3, 1)
        return pictures

    return run


def _layer(torch: Any, weights: Mapping[str, Any], layer: Layer, x: Any) -> Any:
    functional = torch.nn.functional
    convolution, norm = layer.keys
    weight, bias = weights[f"{convolution}.weight"], weights[f"{convolution}.bias"]
    if layer.transposed:
        more = layer.stride[0] - 1
        y = functional.conv_transpose2d(x, weight, bias, layer.stride, layer.pad, more)
    else:
        y = functional.conv2d(x, weight, bias, layer.stride, layer.pad)
    if not norm:
        return torch.sigmoid(y)
    parts = ("running_mean", "running_var", "weight", "bias")
    y = functional.batch_norm(y, *(weights[f"{norm}.{part}"] for part in parts))
    return functional.relu(y + x if layer.residual else y)
