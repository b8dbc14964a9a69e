"""Steps of denoising as a job sees them, the random numbers behind them, and pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from avatar_app.core.jobs import Job
from avatar_app.core.values import Image

DENOISED = 0.9
"""Share of the work that denoising is; the rest is decoding."""


def on_each_step(job: Job[Any], steps: int, text: str) -> Callable[..., dict[str, Any]]:
    """Return diffusers' `callback_on_step_end`: it reports each step to the job, which raises
    JobCancelled where the user has stopped it. The pipeline stays usable."""

    def report(_pipeline: Any, step: int, _time: Any, values: dict[str, Any]) -> dict[str, Any]:
        job.report(DENOISED * (step + 1) / steps, f"{text}, step {step + 1} of {steps}")
        return values

    return report


def seeded(seed: int) -> Any:
    """Return PyTorch's random numbers for a seed: the processor's, so that they are the same on
    every device."""
    import torch

    return torch.Generator(CPU).manual_seed(seed)


def as_image(picture: Any) -> Image:
    """Return a picture of a pipeline, (height, width, 3) in [0, 1], as uint8."""
    values = np.nan_to_num(np.asarray(picture, np.float32))
    return np.asarray(np.rint(np.clip(values, 0, 1) * 255), np.uint8)


CPU = "cpu"
