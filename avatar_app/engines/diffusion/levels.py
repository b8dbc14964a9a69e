"""The levels on which a pipeline can run, and the way down where memory is short."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from avatar_app.core.errors import DeviceUnavailable, OutOfMemory
from avatar_app.core.out_of_memory import is_out_of_memory

Result = TypeVar("Result")
Pipeline = TypeVar("Pipeline")
AUTO, CPU, CUDA = "auto", "cpu", "cuda"


class Precision(StrEnum):
    """Number format of the weights."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"
    NF4 = "nf4"
    """Four bits, by bitsandbytes; only on NVIDIA cards."""


@dataclass(frozen=True, slots=True)
class Level:
    """Where and how precisely a pipeline runs."""

    device: str
    precision: Precision
    offload: bool = False
    """Whether only the network that works is on the card; the others wait in main memory."""

    @property
    def dtype(self) -> Any:
        """Return PyTorch's type in which is computed."""
        import torch

        types = {Precision.FP32: torch.float32, Precision.FP16: torch.float16}
        return types.get(self.precision, torch.bfloat16)


class Stairs(Generic[Pipeline]):
    """A pipeline on the best level that fits; where memory runs out it goes one level down and
    begins again. The same request gives the same result on the same level.
    """

    def __init__(
        self, title: str, levels: Sequence[Level], load: Callable[[Level], Pipeline]
    ) -> None:
        """Load the pipeline. Raises OutOfMemory where even the last level does not fit, and what
        `load` raises."""
        self._title, self._left, self._load = title, list(levels), load
        self._pipeline: Pipeline | None = None
        self._ensure()

    @property
    def level(self) -> Level:
        """Return the level in use."""
        return self._left[0]

    def run(self, work: Callable[[Pipeline], Result]) -> Result:
        """Return what `work` returns on the best level on which it fits. Raises OutOfMemory, and
        what `work` raises otherwise: the pipeline stays usable."""
        while True:
            try:
                return work(self._ensure())
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._down(error)

    def close(self) -> None:
        """Release the pipeline and its memory."""
        self._pipeline = None
        release_memory()

    def _ensure(self) -> Pipeline:
        while self._pipeline is None:
            try:
                self._pipeline = self._load(self.level)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._down(error)
        return self._pipeline

    def _down(self, error: Exception) -> None:
        """Leave the level; the last one is kept, for other requests may be smaller."""
        self.close()
        if len(self._left) == 1:
            raise OutOfMemory(
                f"There is not enough memory for {self._title}.",
                "Make it smaller, close other programs, or choose another engine.",
            ) from error
        del self._left[0]


def levels_for(device: str, on_card: Sequence[Level]) -> list[Level]:
    """Return the levels for `auto`, `cpu` or `cuda`, the best first; `on_card`: those of a card.

    Raises DeviceUnavailable where the card is not there.
    """
    import torch

    on_processor = [Level(CPU, Precision.FP32), Level(CPU, Precision.BF16)]
    if device == CPU:
        return on_processor
    if torch.cuda.is_available():
        return [*on_card, *on_processor]
    if device == CUDA:
        raise DeviceUnavailable(
            "There is no NVIDIA card that PyTorch can use.", "Choose the device auto or cpu."
        )
    return on_processor


def release_memory() -> None:
    """Return freed memory to the card."""
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
