"""Loads Whisper models in CTranslate2's format, with clear errors."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

from avatar_app.core.errors import (
    AvatarError,
    DeviceUnavailable,
    InputInvalid,
    ModelMissing,
    OutOfMemory,
)
from avatar_app.core.out_of_memory import is_out_of_memory
from avatar_app.core.thread_pools import sleeping_pools

NEEDED = ("model.bin", "config.json", "tokenizer.json")
CUBLAS = "cublas64_12.dll" if sys.platform == "win32" else "libcublas.so.12"
"""The library with which CTranslate2 computes on a card; its wheel does not bring it."""


def load(folder: Path, device: str, compute: str, threads: int) -> Any:
    """Load a `faster_whisper.WhisperModel`.

    Raises ModelMissing, InputInvalid for a damaged one, DeviceUnavailable, OutOfMemory.
    """
    _check(folder)
    with sleeping_pools():
        from faster_whisper import WhisperModel
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # disable its progress bar thread
    chosen = _device(device)
    try:
        return WhisperModel(
            str(folder),
            device=chosen,
            compute_type=_compute(chosen, compute),
            cpu_threads=threads,
            local_files_only=True,
        )
    except Exception as error:  # the two libraries below share no class of errors
        raise translate_error(error, folder) from error


def translate_error(error: BaseException, folder: Path) -> AvatarError:
    """Convert the library's exceptions to user-facing errors."""
    reason = " ".join(str(error).split())
    said = reason.lower()
    if is_out_of_memory(error):
        return OutOfMemory(
            f"The Whisper model {folder.name} does not fit into memory.",
            "Choose a smaller one (whisper-base or whisper-tiny), or the device cpu.",
        )
    if "cuda" in said or "cublas" in said or "cudnn" in said:
        return DeviceUnavailable(
            f"Whisper cannot use the graphics card: {reason}", "Choose the device cpu."
        )
    if "compute type" in said:
        return DeviceUnavailable(
            f"Whisper does not support this here: {reason}", "Choose compute auto."
        )
    return InputInvalid(
        f"The Whisper model in {folder} is damaged: {reason}",
        "Download it again: avatar-app models download whisper-base",
    )


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelMissing(
            f"No Whisper model in {folder}.",
            "Download one: avatar-app models download whisper-base",
        )
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise InputInvalid(
            f"The Whisper model in {folder} is incomplete: {', '.join(missing)} is missing.",
            "It must be a model converted for faster-whisper (CTranslate2).",
        )


def _device(device: str) -> str:
    import ctranslate2

    if device != "auto":
        return device
    return "cuda" if ctranslate2.get_cuda_device_count() and _has_cublas() else "cpu"


def _has_cublas() -> bool:
    """Tell whether CUBLAS can be loaded: without it, the first word fails, not the loading."""
    try:
        ctypes.CDLL(CUBLAS)
    except OSError:
        return False
    return True


def _compute(device: str, compute: str) -> str:
    if compute != "auto":
        return compute
    return "float16" if device == "cuda" else "int8"
