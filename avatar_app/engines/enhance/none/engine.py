"""Leaves a face as it was painted."""

from __future__ import annotations

from avatar_app.core.values import Image


class PassThrough:
    """An enhancer that changes nothing."""

    def configure(self) -> None:
        """There is nothing to choose."""

    def enhance(self, face: Image) -> Image:
        return face

    def close(self) -> None:
        """Nothing to give back."""
