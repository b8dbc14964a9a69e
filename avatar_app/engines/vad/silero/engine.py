"""Voice detection with Silero's network, every 10 ms: robust against noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.values import MICROPHONE_BLOCK, AudioChunk, Samples
from avatar_app.engines.onnx_session import ErrorTexts, inference_errors, open_session

MODEL = Path(__file__).parent / "silero_vad_16k.onnx"
_TEXTS = ErrorTexts("Silero VAD", if_failed="Set vad.engine=webrtc.")

WINDOW = 512
"""Samples that the network judges at a time."""
CONTEXT = 64
"""Samples before the window that it sees as well."""

OFFSETS = {"fast": (0, MICROPHONE_BLOCK, 2 * MICROPHONE_BLOCK), "frugal": (0,)}
"""Samples by which the windows of each chain are late, for each choice of the option `reaction`."""


class SileroDetector:
    """Silero VAD (https://github.com/snakers4/silero-vad, version 6).

    The network judges windows of 32 ms and carries a state from each to the next, so its answers
    come 32 ms apart. Three chains of windows, 10 ms apart and each with its own state, take turns
    to answer: a fresh probability comes with almost every block, and each chain sees just the
    windows that the network was trained on.
    """

    def __init__(self, reaction: str = "fast") -> None:
        self._session = open_session(MODEL, _TEXTS)
        self.configure(reaction)

    def configure(self, reaction: str = "fast") -> None:
        self._chains = [_Chain(self._session, offset) for offset in OFFSETS[reaction]]
        self._probability = 0.0

    def probability(self, block: AudioChunk) -> float:
        """Probability in [0, 1] that the newest complete window, at most 42 ms old, is speech."""
        for chain in self._chains:
            answer = chain.hear(block.samples)
            self._probability = self._probability if answer is None else answer
        return self._probability

    def close(self) -> None:
        self._chains.clear()
        del self._session


class _Chain:
    """Adjoining windows, each judged with the state that the one before left."""

    def __init__(self, session: Any, offset: int) -> None:
        self._session = session
        self._rate = np.array(16_000, dtype=np.int64)
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._samples = np.zeros(CONTEXT + WINDOW, dtype=np.float32)
        self._missing = WINDOW + offset

    def hear(self, samples: Samples) -> float | None:
        """The probability, if `samples` (not more than a window) complete a window."""
        self._missing -= len(samples)
        if self._missing > 0:
            self._append(samples)
            return None
        end = len(samples) + self._missing
        self._append(samples[:end])
        answer = self._judge()
        self._append(samples[end:])
        self._missing += WINDOW
        return answer

    def _append(self, samples: Samples) -> None:
        if len(samples):
            self._samples[: -len(samples)] = self._samples[len(samples) :]
            self._samples[-len(samples) :] = samples

    def _judge(self) -> float:
        feeds = {"input": self._samples[None], "state": self._state, "sr": self._rate}
        with inference_errors(_TEXTS):
            output, self._state = self._session.run(None, feeds)
        return float(output[0, 0])
