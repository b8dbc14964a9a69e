"""The promises of the studio's engines: slow work that reports each step and stops within one.

They are engines as those of a conversation are (`core.engines`): the constructor takes the options
of the manifest and does the heavy imports; `configure` and `close` are there. But instead of a turn
they take a `Job`. After each step they call `job.report(fraction, text, preview)`, which raises
JobCancelled where the user has stopped it: nothing catches that, and the engine stays usable. An
engine whose single step may last longer than a few seconds says so with an attribute `patience`, in
seconds, or its process counts as hung.

Raise OutOfMemory where it does not fit, ModelMissing where files are missing, DeviceUnavailable
where a device cannot be used, InputInvalid for pictures that cannot be used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from avatar_app.core.engines import Engine
from avatar_app.core.generation import (
    AnimateRequest,
    Frames,
    ImageRequest,
    Verification,
    VideoRequest,
)
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image


class ImageGenerator(Engine, Protocol):
    """Prompt to picture (kind `image`)."""

    def draw(self, request: ImageRequest, job: Job[Any]) -> Image:
        """Return the picture, uint8, shape (request.height, request.width, 3), RGB.

        `job`: reported to after each step of denoising; a preview of the picture so far may come
        with it.
        """


class VideoGenerator(Engine, Protocol):
    """Picture or prompt to a short silent film (kind `video`)."""

    def film(self, request: VideoRequest, job: Job[Any]) -> Frames:
        """Yield `request.frames` frames of the requested size. It is a generator: nothing happens
        before the first `next`; close it to stop early.

        Raises InputInvalid for a request without what the engine starts from: a picture or a
        prompt.
        """


class Animator(Engine, Protocol):
    """Portrait and motion to a film (kind `animate`)."""

    def animate(self, request: AnimateRequest, job: Job[Any]) -> Frames:
        """Yield `request.frames` frames of the portrait's size, as they are made; a generator like
        `VideoGenerator.film`.

        Raises InputInvalid where no face is found.
        """


class Verifier(Engine, Protocol):
    """Picture and text to scores (kind `verify`)."""

    def verify(self, picture: Image, text: str, job: Job[Any]) -> Verification:
        """Return how well the picture fits the text, by each model of the engine.

        `picture`: uint8, shape (height, width, 3), RGB. An empty text gives no scores, only the
        picture's embedding.
        """


class Renderer(Engine, Protocol):
    """JSON to frames (kind `renderer`), in a process of its own."""

    def render(self, inputs: Mapping[str, Any], job: Job[Any]) -> Frames:
        """Yield the frames; a generator like `VideoGenerator.film`. `inputs`: what the manifest's
        schema `input` allows, checked before."""
