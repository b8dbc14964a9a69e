"""Opens ONNX Runtime sessions: shared options, compute devices, and errors as sentences.

Every network of the program that ONNX Runtime computes is opened here, so that all of them share
the processor in the same way, and a file that is damaged or does not fit into memory is reported
in the same words. `inference_errors` serves other runtimes as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import (
    AvatarError,
    DeviceUnavailable,
    EngineFailed,
    InputInvalid,
    OutOfMemory,
)
from avatar_app.core.out_of_memory import is_out_of_memory

CPU = "CPUExecutionProvider"
_PROVIDERS = {
    "cpu": CPU,
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
_FATAL = 4
"""Log severity: errors are raised, and need not be repeated on the terminal."""
_LONGEST_REASON = 200
"""Characters."""


@dataclass(frozen=True, slots=True)
class ErrorTexts:
    """What messages call a network, and what the user can do about each kind of failure."""

    title: str
    if_damaged: str = "Install avatar_app again."
    """Hint for a file that is damaged or another network's; by default for bundled files."""
    if_out_of_memory: str = "Close other programs."
    if_failed: str = "Choose another engine in the settings."


def providers(device: str) -> list[str]:
    """Return ONNX Runtime's execution providers for cpu, cuda, directml or coreml.

    Raises DeviceUnavailable if the installed build of ONNX Runtime does not support it.
    """
    import onnxruntime

    provider = _PROVIDERS[device]
    if provider not in onnxruntime.get_available_providers():
        raise DeviceUnavailable(
            f"The installed onnxruntime cannot compute on {device}.",
            "Choose the device cpu, or install the onnxruntime made for your graphics card.",
        )
    return [provider] if provider == CPU else [provider, CPU]


def create_session(
    model: bytes | Path,
    threads: int = 1,
    device_providers: Sequence[str] = (CPU,),
    *,
    has_fixed_shapes: bool = True,
    is_exact: bool = False,
) -> Any:
    """Return an `onnxruntime.InferenceSession` of an ONNX file or its content.

    Its threads do not spin while they wait: that would take the processor from engines that work
    at the same time. `has_fixed_shapes`: whether inputs have the same lengths in each run. If not,
    memory is not planned for each length, as such plans are never freed. `is_exact`: whether
    products of an 8-bit network must not overflow on processors without VNNI (ONNX Runtime's
    kOrtSessionOptionsAvx2PrecisionMode).
    Raises ONNX Runtime's exceptions; see `loading_errors` and `inference_errors`.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.enable_mem_pattern = has_fixed_shapes
    options.log_severity_level = _FATAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.x64quantprecision", str(int(is_exact)))
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=list(device_providers))


def open_session(
    model: Path,
    texts: ErrorTexts,
    threads: int = 1,
    device: str = "cpu",
    *,
    is_exact: bool = False,
) -> Any:
    """Return an `onnxruntime.InferenceSession` of an ONNX file; see `create_session`.

    Raises DeviceUnavailable, OutOfMemory, or InputInvalid if the file is damaged.
    """
    usable = providers(device)
    with loading_errors(texts, model.name):
        return create_session(model, threads, usable, is_exact=is_exact)


def loading_errors(texts: ErrorTexts, file: str) -> AbstractContextManager[None]:
    """Convert exceptions raised inside, which share no base class: out of memory to OutOfMemory,
    and any other to InputInvalid, as `file` is damaged. An AvatarError passes unchanged."""

    def damaged(reason: str) -> InputInvalid:
        message = f"{file} is damaged or no model of {texts.title}: {reason}."
        return InputInvalid(message, texts.if_damaged)

    return _translate(texts, damaged)


def inference_errors(texts: ErrorTexts) -> AbstractContextManager[None]:
    """Like `loading_errors`, but any other exception becomes EngineFailed."""

    def failed(reason: str) -> EngineFailed:
        return EngineFailed(f"{texts.title} failed: {reason}.", texts.if_failed)

    return _translate(texts, failed)


@contextmanager
def _translate(texts: ErrorTexts, otherwise: Callable[[str], AvatarError]) -> Iterator[None]:
    try:
        yield
    except AvatarError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            message = f"There is not enough memory for {texts.title}."
            raise OutOfMemory(message, texts.if_out_of_memory) from error
        raise otherwise(_reason(error)) from error


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:_LONGEST_REASON].rstrip(".")
