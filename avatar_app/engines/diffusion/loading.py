"""Loads diffusers' pipelines from folders: safetensors only, nothing over the network."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from avatar_app.core.errors import AvatarError, InputInvalid, ModelMissing
from avatar_app.core.home import expanded
from avatar_app.core.out_of_memory import is_out_of_memory
from avatar_app.engines.diffusion.levels import CPU, Level
from avatar_app.engines.torchaudio_parts import import_torchaudio

INDEX = "model_index.json"
_MOST_BYTES = 1_000_000
_LONGEST_REASON = 160


def check_folder(model: str, title: str, pipeline: str, option: str) -> Path:
    """Return the folder of a pipeline of diffusers, before anything large is imported.

    `pipeline`: the class that it must be for. `option`: what the user sets. Raises ModelMissing or
    InputInvalid.
    """
    if not model:
        raise ModelMissing(
            f"No folder with {title} is chosen.", f"Name one in the format of diffusers: {option}="
        )
    folder = expanded(model)
    index = folder / INDEX
    if not index.is_file():
        raise ModelMissing(
            f"{folder} contains no {INDEX}.", f"Choose a folder of {title} in diffusers' format."
        )
    try:
        content = index.read_bytes()[:_MOST_BYTES]
        written = json.loads(content)["_class_name"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(folder, title, "its index cannot be read") from error
    if written != pipeline:
        raise InputInvalid(
            f"{folder} is made for {str(written)[:60]}, not for {title}.",
            f"Choose a folder of {title} in diffusers' format.",
        )
    return folder


def prepare_libraries() -> None:
    """Keep Hugging Face's libraries from asking servers, and a torchaudio of another engine from
    failing in them; call it before they are imported."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["DO_NOT_TRACK"] = "1"
    if find_spec("torchaudio") is not None:
        import_torchaudio()


def load_pipeline(pipeline_class: Any, folder: Path, title: str, level: Level, **parts: Any) -> Any:
    """Return the pipeline on its level. `parts`: components that are loaded already.

    Raises InputInvalid where the folder is damaged; out-of-memory errors pass.
    """
    with loading_errors(folder, title):
        pipeline = pipeline_class.from_pretrained(
            folder,
            torch_dtype=level.dtype,
            use_safetensors=True,
            local_files_only=True,
            **parts,
        )
        return placed(pipeline, level)


@contextmanager
def loading_errors(
    path: Path, title: str, hint: str = "", reason: Callable[[Exception], str] | None = None
) -> Iterator[None]:
    """Raise InputInvalid for whatever the libraries raise for damaged files; errors for the user,
    and of memory, pass. `hint`: where a whole file is had, if not in diffusers' format. `reason`:
    what is said of an error; by default what it says."""
    try:
        yield
    except AvatarError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise damaged(path, title, (reason or _reason)(error), hint) from error


def placed(pipeline: Any, level: Level) -> Any:
    """Move a pipeline to its device; the autoencoder works on slices and tiles."""
    pipeline.set_progress_bar_config(disable=True)
    vae = pipeline.vae
    for way in ("slicing", "tiling"):
        if hasattr(vae, f"use_{way}"):  # SVD's has neither, and decodes in chunks
            getattr(vae, f"enable_{way}")()
    if level.offload and level.device != CPU:
        pipeline.enable_model_cpu_offload()
        return pipeline
    return pipeline.to(level.device)


def damaged(folder: Path, title: str, reason: str, hint: str = "") -> InputInvalid:
    """Return the error for a folder that cannot be loaded."""
    return InputInvalid(
        f"{folder} is damaged or no {title}: {reason}.",
        hint or f"Get {title} again in diffusers' format.",
    )


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:_LONGEST_REASON].rstrip(".")
