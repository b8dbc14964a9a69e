"""Voice detection with WebRTC's detector, smoothed to a probability: costs microseconds."""

from __future__ import annotations

import numpy as np

from avatar_app.core.values import AudioChunk

ATTACK = 0.4
"""How far a speech block moves the probability toward 1: two in a row pass 0.5."""
RELEASE = 0.25
"""How far any other block moves it toward 0: from certainty, three in a row fall below 0.5."""


class WebrtcDetector:
    """WebRTC decides yes or no for each 10 ms block; the probability is an average of its answers.

    The average is exponential, p ← p + k·(answer − p), with k = ATTACK for a yes and RELEASE for a
    no, so that it rises faster than it falls.
    """

    def __init__(self, aggressiveness: int = 3) -> None:
        import webrtcvad

        self._vad = webrtcvad.Vad(aggressiveness)
        self._probability = 0.0

    def configure(self, aggressiveness: int = 3) -> None:
        self._vad.set_mode(aggressiveness)

    def probability(self, block: AudioChunk) -> float:
        """Probability in [0, 1] after one more block of 160 samples at 16 kHz."""
        pcm = (np.clip(block.samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
        heard = self._vad.is_speech(pcm, block.rate)
        step = ATTACK if heard else RELEASE
        self._probability += step * (float(heard) - self._probability)
        return self._probability

    def close(self) -> None:
        """Nothing to give back: the filter state is a few hundred bytes."""
