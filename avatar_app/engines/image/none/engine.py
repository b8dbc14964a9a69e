"""The engine for pictures where none is chosen: it says which ones there are."""

from __future__ import annotations

from typing import Any

from avatar_app.core.errors import ModelMissing
from avatar_app.core.generation import ImageRequest
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image


class NoPictures:
    """Raises ModelMissing for each picture."""

    def configure(self) -> None:
        """There are no options."""

    def draw(self, request: ImageRequest, job: Job[Any]) -> Image:
        job.check()
        raise ModelMissing(
            f"No engine draws pictures here, so “{_shortened(request.prompt)}” stays words.",
            "Choose one with the setting studio.image.engine, or take an avatar or a photo; "
            "`avatar-app engines` lists them.",
        )

    def close(self) -> None:
        """Nothing to release."""


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
