"""The Stable Video Diffusion engine: a picture becomes a film.

Blattmann et al., "Stable Video Diffusion: Scaling Latent Video Diffusion Models to Large Datasets"
(2023); through diffusers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.generation import Frames, VideoRequest
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image, VideoFrame
from avatar_app.engines.diffusion.engine import PipelineEngine, PipelineOptions, films_of
from avatar_app.engines.diffusion.levels import Stairs
from avatar_app.engines.diffusion.steps import as_image, on_each_step, seeded

TITLE, PIPELINE = "Stable Video Diffusion", "StableVideoDiffusionPipeline"


@dataclass(frozen=True, slots=True)
class _Choices(PipelineOptions):
    """The options of the manifest."""

    least_guidance: float = 1.0


class SvdFilms(PipelineEngine[_Choices]):
    """Implements `core.generators.VideoGenerator` for requests with a picture; see
    PipelineEngine."""

    options = _Choices

    def film(self, request: VideoRequest, job: Job[Any]) -> Frames:
        if request.image is None:
            raise InputInvalid(
                f"{TITLE} starts from a picture, and there is none.",
                "Give it a picture, or choose an engine that starts from prompts.",
            )
        job.check()
        first = filling(request.image, request.width, request.height)
        work = partial(self._filmed, request=request, first=first, job=job)
        for index, frame in enumerate(self._opened().run(work)):
            job.check()
            yield VideoFrame(as_image(frame), index / request.fps)

    def _filmed(self, pipeline: Any, request: VideoRequest, first: Image, job: Job[Any]) -> Any:
        """Return the frames, (n, height, width, 3) in [0, 1]."""
        from PIL.Image import fromarray

        found = pipeline(
            image=fromarray(first),
            width=request.width,
            height=request.height,
            num_frames=request.frames,
            num_inference_steps=request.steps,
            min_guidance_scale=min(self._choices.least_guidance, request.guidance),
            max_guidance_scale=request.guidance,
            fps=max(round(request.fps), 1),
            motion_bucket_id=request.motion_bucket,
            noise_aug_strength=request.noise,
            decode_chunk_size=min(request.decode_chunk, request.frames),
            generator=seeded(request.seed),
            output_type="np",
            callback_on_step_end=on_each_step(job, request.steps, "Filming"),
        )
        job.report(1.0, "Filmed")
        return found.frames[0]

    def _loaded(self, choices: _Choices) -> Stairs[Any]:
        return films_of(choices, TITLE, PIPELINE)


def filling(picture: Image, width: int, height: int) -> Image:
    """Scale a picture so that it fills the size, and cut off what is too much at its edges."""
    import cv2

    high, wide = picture.shape[:2]
    scale = max(width / wide, height / high)
    size = max(width, round(wide * scale)), max(height, round(high * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(picture, size, interpolation=way)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width], np.uint8)
