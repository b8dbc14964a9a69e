"""Loads transformers' models from folders: safetensors only, nothing over the network."""

from __future__ import annotations

from typing import Any

import torch

from avatar_app.core.errors import ConfigInvalid, InputInvalid, ModelMissing
from avatar_app.core.home import expanded
from avatar_app.engines.diffusion.levels import AUTO, CPU, CUDA, Level, Precision, levels_for
from avatar_app.engines.diffusion.loading import loading_errors

CONFIG = "config.json"


def load_encoder(model_class: Any, source: Any, title: str, **kwargs: Any) -> Any:
    """Return the encoder, ready to compute. `source`: a folder, or a model that is loaded already.

    Raises ModelMissing, or InputInvalid for a folder that is damaged or of another kind.
    """
    if isinstance(source, torch.nn.Module):
        return source.eval()
    folder = expanded(source)
    if not (folder / CONFIG).is_file():
        raise ModelMissing(
            f"{folder} contains no {CONFIG}.", f"Choose a folder of {title} for transformers."
        )
    with loading_errors(folder, title, "Get its files again."):
        model, report = model_class.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **kwargs,
        )
    if report["missing_keys"]:
        missing = sorted(report["missing_keys"])[0]
        raise InputInvalid(
            f"{folder} is incomplete or no {title}: {missing} is missing.", "Get its files again."
        )
    return model.eval()


def torch_device(name: str) -> str:
    """Return `cpu` or `cuda`; `auto` is a card where there is one. Raises ConfigInvalid, and
    DeviceUnavailable where a card is asked for that is not there."""
    if name not in (AUTO, CPU, CUDA):
        raise ConfigInvalid(f"Unknown device {name!r}.", "Choose auto, cpu or cuda.")
    return levels_for(name, [Level(CUDA, Precision.FP32)])[0].device
