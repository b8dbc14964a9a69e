"""Encodes sound with a Whisper network, at a cost proportional to the sound's length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar_app.core.values import MICROPHONE_RATE, Samples

FRAMES_A_SECOND = 100
"""Of a network's input: columns of the log-mel spectrogram."""
WINDOW = 30.0
"""Seconds for which Whisper was trained."""
PADDING = 2.0
"""Seconds of silence that follow the sound. The network was trained on sound that silence fills up
to a window: with less than 1.5 s of it the decoder repeats itself. See docs/benchmarks.md."""
LEAD = 0.3
"""Seconds of silence before the sound: without it the decoder drops a first word at the very
beginning ("Who are you?" became "Are you?")."""
LONGEST = WINDOW - PADDING - LEAD
"""Seconds of sound that are encoded at once."""


@dataclass(frozen=True, slots=True, eq=False)
class EncodedSound:
    """Encoded sound for the decoder."""

    output: Any
    """A `ctranslate2.StorageView` of shape (1, n, width): 20 ms each, padding included."""
    frames: int
    """Of 10 ms: the lead and the sound, without the padding."""

    @property
    def seconds(self) -> float:
        """From the beginning of the lead to the end of the sound."""
        return self.frames / FRAMES_A_SECOND


def encode(model: Any, samples: Samples, padding: float = PADDING) -> EncodedSound:
    """Encode a lead, `samples` (16 kHz, at most LONGEST seconds) and `padding` seconds, WINDOW in
    all at most, with a `faster_whisper.WhisperModel`. It pads by zeros to WINDOW seconds, whatever
    the sound, but the encoder takes any length.
    """
    lead = np.zeros(round(LEAD * MICROPHONE_RATE), np.float32)
    features = model.feature_extractor(np.concatenate([lead, samples]))[:, :-1]
    frames = features.shape[1]
    length = min(frames + round(padding * FRAMES_A_SECOND), round(WINDOW * FRAMES_A_SECOND))
    padded = np.pad(features, ((0, 0), (0, max(0, length - frames))))
    return EncodedSound(model.encode(padded), frames)
