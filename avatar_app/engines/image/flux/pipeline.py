"""Loads FLUX.1: in four bits on an NVIDIA card, from GGUF anywhere, else as it is stored."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from avatar_app.core.errors import ModelMissing
from avatar_app.core.home import expanded
from avatar_app.engines.diffusion.levels import CUDA, Level, Precision
from avatar_app.engines.diffusion.loading import load_pipeline, loading_errors

TITLE, PIPELINE = "FLUX.1", "FluxPipeline"
_TRANSFORMER = "transformer"


def on_card(gguf: str) -> list[Level]:
    """Return the levels of a card, the best first."""
    whole = Level(CUDA, Precision.BF16)
    offloaded = Level(CUDA, Precision.BF16, offload=True)
    four = [Level(CUDA, Precision.NF4), Level(CUDA, Precision.NF4, offload=True)]
    if gguf or importlib.util.find_spec("bitsandbytes") is None:
        return [whole, offloaded]
    return four


def load(folder: Path, gguf: str, level: Level) -> Any:
    """Return the pipeline. Raises ModelMissing, InputInvalid; out-of-memory errors pass."""
    import diffusers

    parts: dict[str, Any] = {}
    if gguf:
        parts[_TRANSFORMER] = _from_gguf(folder, expanded(gguf), level)
    elif level.precision is Precision.NF4:
        parts |= _in_four_bits(folder, level)
    return load_pipeline(diffusers.FluxPipeline, folder, TITLE, level, **parts)


def _from_gguf(folder: Path, path: Path, level: Level) -> Any:
    """Return the transformer of a GGUF file, whose shape the folder describes."""
    import diffusers

    if not path.is_file():
        raise ModelMissing(f"The file {path} does not exist.", "Choose a transformer in GGUF.")
    if importlib.util.find_spec("gguf") is None:
        raise ModelMissing("GGUF files need the package gguf.", "Type: pip install gguf")
    with loading_errors(
        path,
        "transformer of FLUX.1",
        "Get a GGUF file of FLUX.1 schnell again.",
        lambda error: type(error).__name__,
    ):
        return diffusers.FluxTransformer2DModel.from_single_file(
            str(path),
            config=str(folder),
            subfolder=_TRANSFORMER,
            quantization_config=diffusers.GGUFQuantizationConfig(compute_dtype=level.dtype),
            torch_dtype=level.dtype,
            local_files_only=True,
        )


def _in_four_bits(folder: Path, level: Level) -> dict[str, Any]:
    """Return the two large networks in NF4 (Dettmers et al., "QLoRA", 2023)."""
    import diffusers
    import transformers

    kinds = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
    files = {"local_files_only": True, "torch_dtype": level.dtype, "use_safetensors": True}
    compute = {"bnb_4bit_compute_dtype": level.dtype}
    return {
        _TRANSFORMER: diffusers.FluxTransformer2DModel.from_pretrained(
            folder,
            subfolder=_TRANSFORMER,
            quantization_config=diffusers.BitsAndBytesConfig(**kinds, **compute),
            **files,
        ),
        "text_encoder_2": transformers.T5EncoderModel.from_pretrained(
            folder,
            subfolder="text_encoder_2",
            quantization_config=transformers.BitsAndBytesConfig(**kinds, **compute),
            **files,
        ),
    }
