"""The end of a turn by the length of pauses alone: this engine is never sure of anything."""

from __future__ import annotations

from avatar_app.core.values import AudioChunk


class PauseRules:
    """Leaves it to the turn-taker how long a pause must be to end a turn."""

    def configure(self) -> None:
        """It has no options."""

    def probability(self, audio: AudioChunk) -> float:
        """Always 0: it cannot hear whether somebody has finished."""
        del audio
        return 0.0

    def close(self) -> None:
        """Nothing to give back."""
