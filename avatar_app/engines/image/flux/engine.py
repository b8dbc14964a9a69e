"""The FLUX.1 engine: a prompt becomes a picture (Black Forest Labs, 2024; through diffusers)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from avatar_app.core.generation import ImageRequest
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.engines.diffusion.engine import (
    PipelineEngine,
    PipelineOptions,
    climbed,
    pipeline_folder,
)
from avatar_app.engines.diffusion.levels import Stairs
from avatar_app.engines.diffusion.steps import as_image, on_each_step, seeded
from avatar_app.engines.image.flux.pipeline import PIPELINE, TITLE, load, on_card

_LONGEST_PROMPT = 256
"""Tokens of a prompt, as schnell was trained."""


@dataclass(frozen=True, slots=True)
class _Choices(PipelineOptions):
    """The options of the manifest."""

    gguf: str = ""
    negative_scale: float = 3.0
    guidance: float = 0.0

    @property
    def loaded(self) -> tuple[Any, ...]:
        return self.model, self.device, self.threads, self.gguf


class FluxImages(PipelineEngine[_Choices]):
    """Implements `core.generators.ImageGenerator`; see PipelineEngine."""

    options = _Choices

    def draw(self, request: ImageRequest, job: Job[Any]) -> Image:
        job.check()
        return self._opened().run(partial(self._drawn, request=request, job=job))

    def _drawn(self, pipeline: Any, request: ImageRequest, job: Job[Any]) -> Image:
        avoided: dict[str, Any] = {}
        if request.negative_prompt and self._choices.negative_scale > 1:
            avoided = {
                "negative_prompt": request.negative_prompt,
                "true_cfg_scale": self._choices.negative_scale,
            }
        found = pipeline(
            prompt=request.prompt,
            width=request.width,
            height=request.height,
            num_inference_steps=request.steps,
            guidance_scale=self._choices.guidance,
            generator=seeded(request.seed),
            max_sequence_length=_LONGEST_PROMPT,
            output_type="np",
            callback_on_step_end=on_each_step(job, request.steps, "Drawing"),
            **avoided,
        )
        job.report(1.0, "Drawn")
        return as_image(found.images[0])

    def _loaded(self, choices: _Choices) -> Stairs[Any]:
        folder = pipeline_folder(choices, TITLE, PIPELINE, "image")
        return climbed(choices, TITLE, on_card(choices.gguf), partial(load, folder, choices.gguf))
