"""Audio front end: echo cancellation, level and speech probability of microphone blocks."""

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
from avatar_app.pipeline.input.quiet_gate import QuietGate
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
"""Speech probability from which the echo detector is asked whose voice it is."""
_SILENCE: Samples = np.zeros(PLAYBACK_BLOCK, np.float32)


CANCEL, DETECT = "cancel_echo", "detect_voice"
"""What `working` names."""
AWAY = 10
"""Blocks without loudspeaker sound after which it was not late: it had none, or slept."""


@dataclass(frozen=True, slots=True, eq=False)
class CleanBlock:
    """Ten milliseconds of cleaned sound."""

    chunk: AudioChunk
    """Without echo and noise."""
    probability: float
    """That it is speech."""
    level_db: float
    """dBFS of the microphone before cleaning."""
    raw: AudioChunk
    """Before cleaning."""


class AudioFrontend:
    """Connects the echo canceller and the voice detector, and buffers the latest sound.

    The canceller gets one block from the loudspeaker per block from the microphone, paired by the
    times at which they left and entered the devices, whatever the threads did in between: its echo
    path then changes only when the room does.

    With headphones there is no echo to cancel: the detector then hears the microphone itself, 14 ms
    sooner than the cleaned sound, and with first consonants, which noise suppression removes.

    While nothing is played, nobody has the floor and the room is quiet, neither runs. They process
    what they missed at the first sound that may be speech, before that sound.
    """

    def __init__(self, echo: EchoCanceller, detector: VoiceDetector, prefix_padding: float) -> None:
        self.echo = echo
        self.detector = detector
        self._recent: deque[AudioChunk] = deque(
            maxlen=max(1, round(prefix_padding / BLOCK_SECONDS))
        )
        self._missed: deque[AudioChunk] = deque(maxlen=self._recent.maxlen)
        self._gate = QuietGate()
        self._played: deque[PlayedBlock] = deque(maxlen=MOST_PLAYED)
        self._played_count = 0
        self._missing = 0
        self._lead = LEAD
        self._coupling = AcousticCoupling()
        self._guard = ResidualEchoDetector()
        self.playback_db = SILENCE_DB
        self.quiet_power = 0.0
        """Mean power up to which blocks may come late, several at once; 0 while none may."""
        self.working = ""
        """Which step is running, or failed: CANCEL, DETECT or neither."""

    def hear(
        self,
        chunk: AudioChunk,
        adc_at: float,
        played: list[PlayedBlock],
        *,
        floor_taken: bool = True,
    ) -> CleanBlock:
        """Clean one block that entered the microphone at `adc_at` seconds of the clock; `played` is
        what the loudspeaker took since the last one. `floor_taken`: somebody speaks or is about
        to, so that each block counts."""
        self._played.extend(played)
        if played:
            self.playback_db = level_db(played[-1].samples)
        far, power = self._paired(adc_at), mean_power(chunk.samples)
        if floor_taken or any(samples.any() for samples in far):
            self._gate.keep_open()
        opened = self._gate.hear(power)
        self.quiet_power = 0.0 if opened else self._gate.quiet_power
        if not opened:
            self._missed.append(chunk)
            self._recent.append(chunk)
            return CleanBlock(chunk, 0.0, decibels(power), chunk)
        self._catch_up()
        for samples in far:
            self._coupling.observe(power, mean_power(samples))
            self._guard.played(samples)
        clean = self._clean(chunk, far)
        self._guard.heard(clean.samples)
        self._recent.append(clean)
        probability = self._probability(clean if self._coupling.audible else chunk)
        if probability > SUSPICIOUS and self._guard.is_echo():
            probability = 0.0
        return CleanBlock(clean, probability, decibels(power), chunk)

    def _catch_up(self) -> None:
        """Pass canceller and detector the blocks they missed."""
        while self._missed:
            clean = self._clean(self._missed.popleft(), [_SILENCE])
            self._probability(clean)
            if self._recent:
                self._recent[-1 - len(self._missed)] = clean

    def _clean(self, chunk: AudioChunk, far: list[Samples]) -> AudioChunk:
        self.working = CANCEL
        for samples in far:
            reference = samples if self._coupling.audible else _SILENCE
            self.echo.played(AudioChunk(reference, PLAYBACK_RATE, self._played_count))
            self._played_count += PLAYBACK_BLOCK
        clean = self.echo.clean(chunk, self._lead)
        self.working = ""
        return clean

    def _probability(self, clean: AudioChunk) -> float:
        self.working = DETECT
        probability = self.detector.probability(clean)
        self.working = ""
        return probability

    def prefix_padding(self) -> list[AudioChunk]:
        """Return the last blocks, oldest first."""
        self._catch_up()
        return list(self._recent)

    def forget(self) -> None:
        """Drop the buffered sound (after muting, for example)."""
        self._recent.clear()
        self._missed.clear()

    def _paired(self, adc_at: float) -> list[Samples]:
        """Return the block that leaves the loudspeaker a little after `adc_at`, correcting streams
        that have slipped. Devices quicker than the lead lower it, once."""
        due = adc_at + self._lead
        if self._played:
            if self._missing <= AWAY:
                self._lead = max(0.0, self._lead - self._missing * BLOCK_SECONDS)
            self._missing = 0
        if self._played and self._played[0].dac_at <= due + SLIP:
            blocks = [self._played.popleft().samples]
            while self._played and self._played[0].dac_at < due - SLIP:
                blocks.append(self._played.popleft().samples)
            return blocks
        self._missing += not self._played
        return [_SILENCE]


def mean_power(samples: Samples) -> float:
    """Return the mean square; 0 for nothing. A dot product would release Python's lock for 10 ms of
    sound, and wait for it longer than it computes."""
    return float(np.square(samples).mean()) if len(samples) else 0.0


def level_db(samples: Samples) -> float:
    """Level (RMS) in dBFS; −100 for silence."""
    return decibels(mean_power(samples))


def decibels(power: float) -> float:
    """Mean power in dBFS; −100 for silence."""
    return max(SILENCE_DB, 10 * math.log10(power + 1e-12))
