"""However a library says that memory ran out, it is recognized; other failures are not taken so."""

from __future__ import annotations

import pytest

from avatar_app.core.errors import EngineFailed, OutOfMemory
from avatar_app.core.out_of_memory import as_out_of_memory, is_out_of_memory


class OutOfMemoryError(RuntimeError):
    """Named like torch's."""


class CudaOutOfMemoryError(OutOfMemoryError):
    pass


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("no words"),
        CudaOutOfMemoryError("CUDA error"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 8 GiB total)"),
        RuntimeError("[ONNXRuntimeError] : 1 : FAIL : Failed to allocate memory for requested"),
        RuntimeError("onnxruntime::BFCArena::AllocateRawInternal Available memory of 0 is smaller"),
        RuntimeError("CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED"),
        RuntimeError("std::bad_alloc"),
        OSError(12, "Cannot allocate memory"),
        RuntimeError("could not allocate"),
    ],
    ids=lambda error: str(error)[:40],
)
def test_out_of_memory_errors_are_recognized(error: Exception) -> None:
    assert is_out_of_memory(error)
    with (
        pytest.raises(OutOfMemory, match="memory for Wav2Lip") as caught,
        as_out_of_memory("Wav2Lip"),
    ):
        raise error
    assert "standard quality" in caught.value.hint
    assert "CPU" in caught.value.hint


@pytest.mark.parametrize(
    "error", [ValueError("memory"), RuntimeError("invalid allocator"), KeyError("batch")]
)
def test_other_errors_are_not_out_of_memory(error: Exception) -> None:
    assert not is_out_of_memory(error)
    with pytest.raises(type(error)), as_out_of_memory("Wav2Lip"):
        raise error


def test_user_facing_errors_pass_unchanged() -> None:
    with pytest.raises(EngineFailed, match="by itself"), as_out_of_memory("Wav2Lip"):
        raise EngineFailed("It failed by itself, out of memory.", "")
