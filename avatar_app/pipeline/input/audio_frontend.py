"""Hearing: from the microphone's block to clean sound, its level and the probability of speech."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from avatar_app.core.engines import EchoCanceller, VoiceDetector
from avatar_app.core.values import (
    BLOCK_SECONDS,
    PLAYBACK_BLOCK,
    PLAYBACK_RATE,
    AudioChunk,
    Samples,
)
from avatar_app.pipeline.input.acoustic_coupling import AcousticCoupling
from avatar_app.pipeline.input.residual_echo import ResidualEchoDetector
from avatar_app.pipeline.output.playback import PlayedBlock

SILENCE_DB = -100.0
LEAD = 0.05
"""Seconds by which the canceller gets the loudspeaker's sound before its echo can be heard, where
the devices hold sound back so long."""
SLIP = 0.02
"""Seconds by which the pairing may be off before a block is repeated or left out."""
MOST_PLAYED = 200
SUSPICIOUS = 0.3
"""Probability of speech from which it is asked whose voice it is."""
_SILENCE: Samples = np.zeros(PLAYBACK_BLOCK, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class CleanBlock:
    """Ten milliseconds as the conversation hears them."""

    chunk: AudioChunk
    """Without echo and noise."""
    probability: float
    """That it is speech."""
    level_db: float
    """dBFS of the microphone before cleaning."""


class AudioFrontend:
    """Joins the echo canceller and the voice detector, and keeps the last moments of sound.

    The canceller gets one block from the loudspeaker per block from the microphone, paired by the
    times at which they left and entered the devices, whatever the threads did in between: its echo
    path then changes only when the room does.
    """

    def __init__(self, echo: EchoCanceller, detector: VoiceDetector, prefix_padding: float) -> None:
        self.echo = echo
        self.detector = detector
        self._recent: deque[AudioChunk] = deque(
            maxlen=max(1, round(prefix_padding / BLOCK_SECONDS))
        )
        self._played: deque[PlayedBlock] = deque(maxlen=MOST_PLAYED)
        self._played_count = 0
        self._lead = LEAD
        self._coupling = AcousticCoupling()
        self._guard = ResidualEchoDetector()
        self.playback_db = SILENCE_DB

    def hear(self, chunk: AudioChunk, adc_at: float, played: list[PlayedBlock]) -> CleanBlock:
        """Clean one block that entered the microphone at `adc_at` seconds of the clock; `played` is
        what the loudspeaker took since the last one."""
        self._played.extend(played)
        if played:
            self.playback_db = level_db(played[-1].samples)
        for samples in self._paired(adc_at):
            self._coupling.observe(mean_power(chunk.samples), mean_power(samples))
            reference = samples if self._coupling.audible else _SILENCE
            self.echo.played(AudioChunk(reference, PLAYBACK_RATE, self._played_count))
            self._guard.played(samples)
            self._played_count += PLAYBACK_BLOCK
        clean = self.echo.clean(chunk, self._lead)
        self._guard.heard(clean.samples)
        self._recent.append(clean)
        probability = self.detector.probability(clean)
        if probability > SUSPICIOUS and self._guard.is_echo():
            probability = 0.0
        return CleanBlock(clean, probability, level_db(chunk.samples))

    def prefix_padding(self) -> list[AudioChunk]:
        """The last blocks, oldest first."""
        return list(self._recent)

    def forget(self) -> None:
        """What was heard so far belongs to nobody (a mute, say)."""
        self._recent.clear()

    def _paired(self, adc_at: float) -> list[Samples]:
        """What leaves the loudspeaker a little after `adc_at`: one block, unless the two streams
        have slipped. Devices quicker than the lead lower it, once."""
        due = adc_at + self._lead
        if self._played and self._played[0].dac_at <= due + SLIP:
            blocks = [self._played.popleft().samples]
            while self._played and self._played[0].dac_at < due - SLIP:
                blocks.append(self._played.popleft().samples)
            return blocks
        if not self._played:
            self._lead = max(0.0, self._lead - BLOCK_SECONDS)
        return [_SILENCE]


def mean_power(samples: Samples) -> float:
    """Mean square; 0 for nothing. A dot product would let go of Python's lock for 10 ms of sound,
    and wait for it longer than it computes."""
    return float(np.square(samples).mean()) if len(samples) else 0.0


def level_db(samples: Samples) -> float:
    """Level (RMS) in dBFS; −100 for silence."""
    return max(SILENCE_DB, 10 * math.log10(mean_power(samples) + 1e-12))
