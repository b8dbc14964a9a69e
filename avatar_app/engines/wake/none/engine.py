"""No wake word: the avatar never rests."""

from __future__ import annotations

from avatar_app.core.values import AudioChunk


class AlwaysAwake:
    """Waits for no phrase."""

    phrase = ""

    def configure(self) -> None:
        """There are no options."""

    def heard(self, block: AudioChunk) -> bool:  # noqa: ARG002  the protocol's
        return False

    def close(self) -> None:
        """Nothing to release."""
