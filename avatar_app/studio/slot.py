"""What a slot of the pipeline gives, and what all slots share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image, Samples
from avatar_app.settings.schema import Settings
from avatar_app.studio.buffers import ClipBuffers
from avatar_app.studio.engine_cache import StudioEngines
from avatar_app.studio.schedule import Costs
from avatar_app.studio.work_folder import StepResults
from avatar_app.system.paths import AppPaths


class StepLedger(Costs, Protocol):
    """What steps took, and take now: `storage.step_times.StepTimes`."""

    def add(self, step: str, variant: str, units: float, seconds: float) -> None:
        """Store one more measurement."""


@dataclass(frozen=True, slots=True, eq=False)
class Workshop:
    """What the slots of a pipeline work with."""

    settings: Settings
    paths: AppPaths
    engines: StudioEngines
    results: StepResults
    ledger: StepLedger
    buffers: ClipBuffers
    clock: Callable[[], float]
    """Seconds, monotonic."""


def _no_frames() -> Image:
    return np.zeros((0, 0, 0, 3), np.uint8)


def _no_samples() -> NDArray[np.float32]:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class GenerationResult:
    """A clip, or why there is none."""

    slot_id: str
    success: bool
    error_msg: str = ""
    """One sentence and a hint; empty where it succeeded."""
    video_frames: Image = field(default_factory=_no_frames, repr=False)
    """uint8, shape (n, height, width, 3), RGB; valid until the pipeline's next clip."""
    audio_waveform: Samples = field(default_factory=_no_samples, repr=False)
    """float32, shape (n,), in [-1, 1], 24,000 Hz; valid until the pipeline's next clip."""
    clip_embedding: NDArray[np.float32] = field(default_factory=_no_samples, repr=False)
    """Of a frame, by the chosen verifier, of length 1; empty where none is chosen."""
    generation_time_ms: float = 0.0
    fps: float = 0.0
    files: tuple[Path, ...] = ()
    """The clip, and its subtitles where they are a file of their own."""
    drawing: Path | None = None
    """The picture that was drawn from the prompt; None without one."""
    notices: tuple[str, ...] = ()
    """What differs from what was asked for, one sentence each."""
    steps: dict[str, float] = field(default_factory=dict)
    """Seconds of each step that was done; those whose results were there are left out."""
