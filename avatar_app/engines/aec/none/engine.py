"""Leaves what the microphone heard untouched: for headphones."""

from __future__ import annotations

from avatar_app.core.values import AudioChunk


class PassThrough:
    """An echo canceller that cancels nothing."""

    def configure(self) -> None:
        """There is nothing to choose."""

    def played(self, block: AudioChunk) -> None:
        """What was played does not matter."""

    def clean(self, block: AudioChunk, delay: float) -> AudioChunk:  # noqa: ARG002  the protocol's
        return block

    def close(self) -> None:
        """Nothing to give back."""
