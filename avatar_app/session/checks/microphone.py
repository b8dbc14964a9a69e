"""Judges a few seconds of a microphone: level, clipping, noise, and whether speech was detected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from avatar_app.core.engines import EchoCanceller, VoiceDetector
from avatar_app.core.values import (
    BLOCK_SECONDS,
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    AudioChunk,
    Samples,
)
from avatar_app.pipeline.input.audio_frontend import AudioFrontend, decibels
from avatar_app.pipeline.input.turn_detection import VOICED
from avatar_app.session.checks import levels

LEAST_SPEECH = 0.5
"""Seconds of voice that are needed to judge one."""
QUIETEST_DB = -42.0
"""Level of a voice below which it is too quiet."""
LEAST_TOP_RATIO = 1.28
"""What the loudest samples rise above the loud ones, below which the tops are cut off."""
LEAST_SNR_DB = 10.0
"""Voice above noise, below which words are lost."""
LOUD_NOISE_DB = -45.0
"""Level of noise from which it is the reason where no voice is found."""


class MicrophoneVerdict(StrEnum):
    """What is to be said about a microphone, in one word."""

    WELL = "well"
    TOO_QUIET = "too quiet"
    TOO_LOUD = "too loud"
    """The tops of the waves are cut off."""
    NOISY = "noisy"
    NO_SPEECH = "no speech"
    """It works, but nobody spoke."""
    NOTHING = "nothing"
    """No sound at all: muted in the system, or the wrong microphone."""
    MISSING = "missing"
    """There is no microphone."""


@dataclass(frozen=True, slots=True, eq=False)
class MicrophoneReport:
    """What was recorded, and what is to be said about it."""

    samples: Samples
    """float32, shape (n,), 16 kHz, as the microphone gave it."""
    verdict: MicrophoneVerdict
    device: str | None
    """The microphone's name; None where there was none."""
    voice_db: float
    """dBFS (RMS) while somebody spoke; −100 where nobody did."""
    noise_db: float
    """dBFS (RMS) while nobody spoke."""
    clipped: float
    """Share of samples at the end of the scale."""
    spoken: float
    """Seconds of voice."""

    @property
    def snr_db(self) -> float:
        """How far the voice stands above the noise."""
        return self.voice_db - self.noise_db


def judge_microphone(
    samples: Samples, device: str | None, canceller: EchoCanceller, detector: VoiceDetector
) -> MicrophoneReport:
    """Judge a recording at 16 kHz. Canceller and detector are fresh ones of the conversation's
    kind: what it would take for a voice counts as one."""
    voiced = _voiced(samples, canceller, detector)
    voice_power = float(levels.block_powers(samples)[voiced].mean()) if voiced.any() else 0.0
    noise = levels.noise_power(samples)
    report = MicrophoneReport(
        samples,
        MicrophoneVerdict.WELL,
        device,
        voice_db=decibels(max(voice_power - noise, 0.0)),
        noise_db=decibels(noise),
        clipped=levels.full_share(samples),
        spoken=float(voiced.sum()) * BLOCK_SECONDS,
    )
    return replace(report, verdict=_verdict(report))


def _verdict(report: MicrophoneReport) -> MicrophoneVerdict:
    samples = report.samples
    if report.device is None:
        return MicrophoneVerdict.MISSING
    if levels.peak(samples) < levels.SILENT:
        return MicrophoneVerdict.NOTHING
    if _is_cut_off(report):
        return MicrophoneVerdict.TOO_LOUD
    if report.spoken < LEAST_SPEECH:
        loud = report.noise_db > LOUD_NOISE_DB
        return MicrophoneVerdict.NOISY if loud else MicrophoneVerdict.NO_SPEECH
    if report.snr_db < LEAST_SNR_DB:
        return MicrophoneVerdict.NOISY
    return MicrophoneVerdict.TOO_QUIET if report.voice_db < QUIETEST_DB else MicrophoneVerdict.WELL


def _is_cut_off(report: MicrophoneReport) -> bool:
    """Full scale in the converter; or in an amplifier before it, where a voice is cut off lower."""
    if report.clipped > levels.MOST_AT_FULL_SCALE:
        return True
    spoke = report.spoken >= LEAST_SPEECH and report.voice_db > QUIETEST_DB
    return spoke and levels.top_ratio(report.samples) < LEAST_TOP_RATIO


def _voiced(samples: Samples, canceller: EchoCanceller, detector: VoiceDetector) -> levels.Flags:
    """For each whole block of 10 ms, whether it is voice; shape (n,), bool."""
    frontend = AudioFrontend(canceller, detector, BLOCK_SECONDS)
    blocks = len(samples) // MICROPHONE_BLOCK
    found = np.zeros(blocks, bool)
    for index in range(blocks):
        start = index * MICROPHONE_BLOCK
        chunk = AudioChunk(samples[start : start + MICROPHONE_BLOCK], MICROPHONE_RATE, start)
        clean = frontend.hear(chunk, start / MICROPHONE_RATE, [], floor_taken=True)
        found[index] = clean.probability >= VOICED
    return found
