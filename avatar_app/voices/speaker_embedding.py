"""Speaker embeddings: measures whether two recordings have the same speaker.

The speaker encoder of Wan et al., "Generalized End-to-End Loss for Speaker Verification" (2018), as
trained by Resemblyzer 0.1.4: windows of 1.6 s of voiced sound become vectors of length 1.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.engines.onnx_session import ErrorTexts, open_session

Embeddings = NDArray[np.float32]
"""Vectors of length 1, shape (n, 256), none negative."""

NETWORK = Path(__file__).parent / "networks" / "speaker_encoder.onnx"

_FRAMES, _HOP, _WINDOW = 160, 160, 400
_STEP = 80
"""Frames from window to window: each overlaps the one before by half."""
_LEAST = 0.75
"""Minimum share of sound in a window; the rest is silence."""
_LEVEL = 10 ** (-30 / 20)
"""The root mean square to which quieter sound is amplified, as in the encoder's training."""
_VAD_BLOCK = MICROPHONE_RATE * 3 // 100
_VAD_SMOOTHED, _VAD_WIDENED = 8, 7
"""Blocks of 30 ms over which voice detection is averaged, and by which voice is extended."""


def voiced_parts(samples: Samples) -> Samples:
    """Return the voiced parts of sound at 16 kHz, joined; pauses up to 0.2 s stay."""
    import webrtcvad

    detector = webrtcvad.Vad(3)
    blocks = samples[: len(samples) // _VAD_BLOCK * _VAD_BLOCK].reshape(-1, _VAD_BLOCK)
    pcm = (np.clip(_raised(blocks), -1, 1) * 32767).astype("<i2")
    spoken = np.array([detector.is_speech(block.tobytes(), MICROPHONE_RATE) for block in pcm])
    smooth = np.convolve(spoken, np.ones(_VAD_SMOOTHED) / _VAD_SMOOTHED, "same") > 0.5
    voiced_blocks = np.convolve(smooth, np.ones(_VAD_WIDENED), "same") > 0.5
    return np.ascontiguousarray(blocks[voiced_blocks].reshape(-1))


def embed(samples: Samples) -> Embeddings:
    """Return a vector for each window of the voiced part of sound at 16 kHz; empty without
    voice."""
    speech = voiced_parts(samples)
    if len(speech) < _FRAMES * _HOP * _LEAST:
        return np.zeros((0, 256), np.float32)
    found: Embeddings = _network().run(None, {"spectra": _windows(_raised(speech))})[0]
    return found


def mean_embedding(embeddings: Embeddings) -> Embeddings:
    """Return the vector of a whole recording, shape (256,)."""
    mean = embeddings.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def distance(one: Embeddings, other: Embeddings) -> float:
    """Return 1 − cosine of two recordings' windows: 0 for the same voice, toward 1 for others."""
    return float(1 - mean_embedding(one) @ mean_embedding(other))


def _windows(speech: Samples) -> NDArray[np.float32]:
    """Return power spectra, shape (n, 160, 201)."""
    padded = np.pad(speech, _WINDOW // 2)
    frames = sliding_window_view(padded, _WINDOW)[::_HOP]
    taper = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * taper)).astype(np.float32) ** 2
    short = int(_FRAMES * (1 - _LEAST))
    power = np.pad(power, ((0, short), (0, 0)))
    return np.stack([power[at : at + _FRAMES] for at in range(0, len(power) - _FRAMES + 1, _STEP)])


def _raised(samples: Samples) -> Samples:
    level = float(np.sqrt(np.mean(samples**2))) if samples.size else 0.0
    return samples * np.float32(_LEVEL / level) if 0 < level < _LEVEL else samples


@cache
def _network() -> Any:
    return open_session(NETWORK, ErrorTexts("speaker verification"))
