"""An echo canceller that passes the microphone through unchanged: for headphones."""

from __future__ import annotations

from avatar_app.core.values import AudioChunk


class PassThrough:
    """Passes the microphone through unchanged."""

    def configure(self) -> None:
        """There are no options."""

    def played(self, block: AudioChunk) -> None:
        """Ignore the played sound."""

    def clean(self, block: AudioChunk, delay: float) -> AudioChunk:  # noqa: ARG002  the protocol's
        return block

    def close(self) -> None:
        """Nothing to release."""
