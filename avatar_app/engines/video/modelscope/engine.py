"""The ModelScope engine: a prompt becomes a film.

Wang et al., "ModelScope Text-to-Video Technical Report" (2023); through diffusers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.generation import Frames, VideoRequest
from avatar_app.core.jobs import Job
from avatar_app.core.values import VideoFrame
from avatar_app.engines.diffusion.engine import PipelineEngine, PipelineOptions, films_of
from avatar_app.engines.diffusion.levels import Stairs
from avatar_app.engines.diffusion.steps import as_image, on_each_step, seeded

TITLE, PIPELINE = "text-to-video-ms-1.7b", "TextToVideoSDPipeline"


class ModelScopeFilms(PipelineEngine[PipelineOptions]):
    """Implements `core.generators.VideoGenerator` for requests with a prompt; see
    PipelineEngine."""

    options = PipelineOptions

    def film(self, request: VideoRequest, job: Job[Any]) -> Frames:
        if not request.prompt.strip():
            raise InputInvalid(
                "text-to-video-ms-1.7b starts from a prompt, and there is none.",
                "Say what the film shows, or choose an engine that starts from pictures.",
            )
        job.check()
        frames = self._opened().run(partial(self._filmed, request=request, job=job))
        for index, frame in enumerate(frames):
            job.check()
            yield VideoFrame(as_image(frame), index / request.fps)

    def _filmed(self, pipeline: Any, request: VideoRequest, job: Job[Any]) -> Any:
        """Return the frames, (n, height, width, 3) in [0, 1].

        This pipeline knows only diffusers' former way of reporting steps: `callback`.
        """
        report = on_each_step(job, request.steps, "Filming")
        found = pipeline(
            prompt=request.prompt,
            negative_prompt=request.negative_prompt or None,
            width=request.width,
            height=request.height,
            num_frames=request.frames,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            generator=seeded(request.seed),
            output_type="np",
            callback=lambda step, time, _latents: report(None, step, time, {}) and None,
            callback_steps=1,
        )
        job.report(1.0, "Filmed")
        return found.frames[0]

    def _loaded(self, choices: PipelineOptions) -> Stairs[Any]:
        return films_of(choices, TITLE, PIPELINE)
