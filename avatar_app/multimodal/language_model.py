"""Loads a language model for injection: a folder of transformers, or a GGUF file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import transformers
from tqdm import tqdm

from avatar_app.core.errors import ConfigInvalid, ModelMissing, choose_one_of
from avatar_app.core.home import expanded
from avatar_app.engines.diffusion.loading import loading_errors
from avatar_app.multimodal.bridge import NexusBridge
from avatar_app.multimodal.encoders.loading import CONFIG, torch_device
from avatar_app.multimodal.libraries import INSTALL

GGUF = ".gguf"
_TITLE = "language model"
_NUMBERS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load_language_model(
    path: str | Path, device: str = "cpu", dtype: str = "float32"
) -> NexusBridge:
    """Return a bridge to the model. A GGUF file's weights are unpacked: SmolLM2 135M takes 540 MB.

    Raises ModelMissing, InputInvalid for a damaged one, ConfigInvalid.
    """
    if dtype not in _NUMBERS:
        raise ConfigInvalid(f"Unknown numbers {dtype!r}.", choose_one_of(_NUMBERS))
    folder, options, weights = _found(expanded(path))
    chosen = torch_device(device)
    with loading_errors(Path(path), _TITLE, "Get its files again."), _without_bars():
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=_NUMBERS[dtype], **options, **weights
        )
    return NexusBridge(model.to(chosen), tokenizer)


def _found(path: Path) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """Return the folder, what transformers is given with it, and that for weights alone."""
    options: dict[str, Any] = {"local_files_only": True}
    if path.suffix != GGUF:
        if not (path / CONFIG).is_file():
            raise ModelMissing(
                f"{path} contains no {CONFIG}.", "Choose a model for transformers, or a .gguf file."
            )
        return path, options, {"use_safetensors": True}
    if not path.is_file():
        raise ModelMissing(
            f"{path} does not exist.", "The starter set contains one: avatar-app setup"
        )
    if find_spec("gguf") is None:
        raise ModelMissing("GGUF files need gguf, which is not installed.", f"Type: {INSTALL}")
    weights = {}
    if hasattr(transformers, "GgufConfig"):  # newer ones leave weights packed, which is slow
        weights["quantization_config"] = transformers.GgufConfig(dequantize=True)
    return path.parent, options | {"gguf_file": path.name}, weights


@contextmanager
def _without_bars() -> Iterator[None]:
    """Let transformers draw no progress bars, and tqdm leave no thread behind."""
    tqdm.monitor_interval = 0
    shown = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers.utils.logging.enable_progress_bar()
