"""Recognizes out-of-memory errors of any library, without importing any of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from avatar_app.core.errors import AvatarError, OutOfMemory

_TYPES = frozenset({"MemoryError", "OutOfMemoryError"})
"""Error types: Python's (numpy's derives from it), and those of torch.cuda, torch and cupy."""
_WORDS = (
    "out of memory",  # CUDA, OpenCL, torch, Metal
    "out_of_memory",  # CUDA_ERROR_OUT_OF_MEMORY, CL_OUT_OF_MEMORY
    "failed to allocate",  # onnxruntime, OpenVINO
    "cannot allocate",  # the system: ENOMEM
    "could not allocate",  # oneDNN
    "unable to allocate",  # numpy
    "not enough memory",
    "insufficient memory",
    "memory limit",
    "memory allocation",
    "allocation failed",
    "bad_alloc",  # C++
    "bad allocation",  # C++ on Windows
    "bfcarena",  # onnxruntime's pool
    "bfc_arena",
    "_status_alloc_failed",  # cuBLAS, cuDNN
    "e_outofmemory",  # DirectML
    "8007000e",
)
"""Phrases in the messages of libraries without an error type of their own."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` reports that memory ran out."""
    if any(kind.__name__ in _TYPES for kind in type(error).__mro__):
        return True
    message = str(error).lower()
    return isinstance(error, Exception) and any(word in message for word in _WORDS)


def out_of_memory(what: str) -> OutOfMemory:
    """Return the error that the user sees; `what` did not fit."""
    return OutOfMemory(
        f"There is not enough memory for {what}.",
        "Choose standard quality, use the CPU, or close other programs.",
    )


@contextmanager
def as_out_of_memory(what: str) -> Iterator[None]:
    """Convert out-of-memory errors raised inside to OutOfMemory; others pass unchanged."""
    try:
        yield
    except AvatarError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise out_of_memory(what) from error
        raise
