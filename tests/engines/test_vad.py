"""The voice detectors hear real speech soon after it begins, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.engines.vad.silero.engine import SileroDetector
from avatar_app.engines.vad.webrtc.engine import WebrtcDetector

RECORDING = Path(__file__).parents[1] / "data" / "librivox-0890.wav"


def _speech() -> Samples:
    samples, _ = soundfile.read(RECORDING, dtype="float32")
    return samples


def _silence(seconds: float) -> Samples:
    generator = np.random.default_rng(1)
    noise = generator.standard_normal(round(seconds * MICROPHONE_RATE))
    return (noise * 1e-3).astype(np.float32)


def _probabilities(detector: SileroDetector | WebrtcDetector, samples: Samples) -> np.ndarray:
    ends = range(MICROPHONE_BLOCK, len(samples) + 1, MICROPHONE_BLOCK)
    blocks = (
        AudioChunk(samples[end - MICROPHONE_BLOCK : end], MICROPHONE_RATE, end) for end in ends
    )
    return np.array([detector.probability(block) for block in blocks])


def _first_sound(samples: Samples) -> int:
    """Index of the first block that is louder than −40 dBFS."""
    blocks = samples[: len(samples) // MICROPHONE_BLOCK * MICROPHONE_BLOCK]
    levels = np.sqrt(np.mean(blocks.reshape(-1, MICROPHONE_BLOCK) ** 2, axis=1))
    return int(np.argmax(levels > 0.01))


@pytest.fixture(params=[SileroDetector, WebrtcDetector])
def detector(request: pytest.FixtureRequest) -> SileroDetector | WebrtcDetector:
    return request.param()


def test_sentence_is_detected_as_speech_and_silence_is_not(detector):
    before, after = _silence(1.0), _silence(1.0)
    probabilities = _probabilities(detector, np.concatenate([before, _speech(), after]))
    assert probabilities.min() >= 0.0
    assert probabilities.max() <= 1.0
    assert probabilities[:100].max() < 0.5
    assert (probabilities[100:-100] > 0.5).mean() > 0.7
    assert probabilities[-50:].max() < 0.5


def test_first_word_is_detected_within_100_ms(detector):
    speech = _speech()
    onset = _first_sound(speech)
    probabilities = _probabilities(detector, np.concatenate([_silence(1.0), speech]))
    assert 0 <= np.argmax(probabilities > 0.5) - (100 + onset) <= 10


def test_detection_is_deterministic(detector):
    speech = _speech()[:MICROPHONE_RATE]
    first = _probabilities(type(detector)(), speech)
    assert np.array_equal(first, _probabilities(detector, speech))


def test_silero_rejects_loud_noise_that_webrtc_accepts():
    generator = np.random.default_rng(2)
    noise = (0.1 * generator.standard_normal(2 * MICROPHONE_RATE)).astype(np.float32)
    assert _probabilities(SileroDetector(), noise).max() < 0.5
    assert _probabilities(WebrtcDetector(aggressiveness=0), noise).max() > 0.5


def test_fast_silero_updates_with_almost_every_block_and_agrees_with_frugal():
    speech = _speech()
    fast = _probabilities(SileroDetector("fast"), speech)
    frugal = _probabilities(SileroDetector("frugal"), speech)
    assert np.count_nonzero(np.diff(fast)) > 2.5 * np.count_nonzero(np.diff(frugal))
    assert ((fast > 0.5) == (frugal > 0.5)).mean() > 0.9


def test_frugal_silero_agrees_with_the_network_on_adjoining_windows():
    speech = _speech()[: 512 * 20]
    detector = SileroDetector("frugal")
    heard = _probabilities(detector, speech)
    state = np.zeros((2, 1, 128), dtype=np.float32)
    padded = np.concatenate([np.zeros(64, dtype=np.float32), speech])
    rate = np.array(MICROPHONE_RATE, dtype=np.int64)
    for index in range(20):
        window = padded[None, index * 512 : index * 512 + 576]
        output, state = detector._session.run(None, {"input": window, "state": state, "sr": rate})
        last_block = -(-(index + 1) * 512 // MICROPHONE_BLOCK) - 1
        assert heard[last_block] == pytest.approx(float(output[0, 0]), abs=1e-5)


def test_options_apply_from_the_next_block():
    generator = np.random.default_rng(3)
    speech = _speech()
    speech = speech + (0.01 * generator.standard_normal(len(speech))).astype(np.float32)
    tolerant, strict = WebrtcDetector(aggressiveness=0), WebrtcDetector(aggressiveness=0)
    strict.configure(aggressiveness=3)
    heard, heard_strictly = (_probabilities(each, speech) > 0.5 for each in (tolerant, strict))
    assert heard.sum() > heard_strictly.sum() > 0
