"""An enhancer that returns faces unchanged."""

from __future__ import annotations

from avatar_app.core.values import Image


class PassThrough:
    """Returns faces unchanged."""

    def configure(self) -> None:
        """There are no options."""

    def enhance(self, face: Image) -> Image:
        return face

    def close(self) -> None:
        """Nothing to release."""
