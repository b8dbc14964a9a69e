"""Judges how much of the avatar's voice comes back through the microphone, and what is left of it.

The figures are those of the canceller and detector that the conversation uses, fresh ones, fed as
the conversation feeds them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import soxr

from avatar_app.core.engines import EchoCanceller, VoiceDetector
from avatar_app.core.values import (
    BLOCK_SECONDS,
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    PLAYBACK_RATE,
    AudioChunk,
    Samples,
)
from avatar_app.pipeline.input.audio_frontend import SILENCE_DB, AudioFrontend, decibels
from avatar_app.pipeline.input.turn_detection import VOICED_OVER_AVATAR
from avatar_app.pipeline.output.playback import PlayedBlock
from avatar_app.session.checks import levels
from avatar_app.session.checks.delay import explained_share, find_delay
from avatar_app.session.checks.levels import Flags

SETTLING = 1.0
"""Seconds of voice in which the canceller may adapt before it is measured."""
ACTIVE = 1e-5
"""Mean power of what is played from which its echo counts."""
TAIL = 0.15
"""Seconds for which a room goes on to sound."""
LEAST_EXPLAINED = 0.25
"""Share of what is heard that must be the avatar's, or else others were louder."""
AUDIBLE = 2.0
"""Echo above the noise (3 dB) from which it matters."""
DISTURBED = 6.0
"""Sound above the noise (8 dB) from which somebody else was heard."""
MOSTLY_EXPLAINED = 0.5
"""Share below which what remains is somebody else's: rooms that echo for long leave 0.55."""
LEAST_ERLE_DB = 6.0
"""Cancellation that is not worth a number."""
MOST_VOICED = 0.02
"""Share of the time in which what is left may be taken for a voice."""
LONGEST_VOICED = 0.1
"""Seconds for which it may be at a stretch."""
GOOD_ERLE_DB = 20.0
MUCH_CUT_OFF = 0.01
"""Share of samples at the end of the scale with which no canceller copes."""
SELDOM_VOICED = (0.1, 0.25)
"""The same two where so much is taken out that nothing can be understood of it: the avatar pauses
for a moment, and goes on."""


class EchoVerdict(StrEnum):
    """What is to be said about the echo, in one word."""

    HEADPHONES = "headphones"
    """No echo is heard."""
    CANCELLED = "cancelled"
    """A loudspeaker is heard, and what is left of it does not disturb."""
    FAINT = "faint"
    """A loudspeaker is heard so faintly that it does not disturb."""
    REMAINS = "remains"
    """The avatar would take itself for the user."""
    OVERDRIVEN = "overdriven"
    """It remains, as the loudspeaker is too loud for the microphone."""
    DISTURBED = "disturbed"
    """Somebody spoke, or it was loud: nothing can be said."""
    SILENT = "silent"
    """The microphone gave nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class HeardBlock:
    """Ten milliseconds of the check."""

    samples: Samples
    """float32, shape (160,), 16 kHz."""
    adc_at: float
    """Seconds of the clock at which the first sample entered the microphone."""
    played: tuple[PlayedBlock, ...]
    """What the loudspeaker took since the block before."""


@dataclass(frozen=True, slots=True)
class EchoReport:
    """What was measured while the avatar's voice was played."""

    verdict: EchoVerdict
    erle_db: float | None = None
    """Echo return loss enhancement: how much weaker the canceller makes the echo, without the
    noise of the room. None where no echo is heard."""
    at_least: bool = False
    """What is left of the echo is lost in the noise: the canceller may do even better."""
    delay: float | None = None
    """Seconds from the loudspeaker to the microphone, by the devices' own times; None where the
    voice is not heard."""
    echo_db: float = SILENCE_DB
    """dBFS of the echo in the microphone; −100 where none is heard."""
    noise_db: float = SILENCE_DB
    """dBFS of the room."""
    voiced: float = 0.0
    """Share of the time in which what is left would be taken for a voice."""
    longest_voiced: float = 0.0
    """Seconds of that at a stretch."""


@dataclass(frozen=True, slots=True)
class EchoEngines:
    """Makes fresh engines of the conversation's kind."""

    canceller: Callable[[], EchoCanceller]
    """As the conversation has it."""
    bare_canceller: Callable[[], EchoCanceller]
    """The same without noise suppression, which would be taken for cancellation."""
    detector: Callable[[], VoiceDetector]


@dataclass(frozen=True, slots=True, eq=False)
class _Sound:
    """Both sides on one timeline at 16 kHz."""

    played: Samples
    heard: Samples


def judge_echo(blocks: list[HeardBlock], engines: EchoEngines) -> EchoReport:
    """Judge what was heard while a voice was played, some silence before it included. Takes a
    tenth of the recording's time."""
    sound = _aligned(blocks)
    if levels.peak(sound.heard) < levels.SILENT:
        return EchoReport(EchoVerdict.SILENT)
    found = find_delay(sound.played, sound.heard)
    active = _active(sound.played, found.samples if found else 0)
    powers = levels.block_powers(sound.heard)[: len(active)]
    noise = _noise(powers, active)
    loud = _mean(powers, active)
    share = 0.0
    if found is not None:
        share = explained_share(_shifted(sound.played, found.samples), sound.heard)
    echo = max(share * loud, loud - noise if share > LEAST_EXPLAINED else 0.0)
    audible = found is not None and share > LEAST_EXPLAINED and echo > AUDIBLE * noise
    probabilities, _ = _heard_by(blocks, engines.canceller(), engines.detector())
    voiced = (probabilities[: len(active)] >= VOICED_OVER_AVATAR) & _settled(active)
    report = EchoReport(
        EchoVerdict.HEADPHONES,
        delay=found.seconds if found is not None else None,
        echo_db=decibels(echo) if audible else SILENCE_DB,
        noise_db=decibels(noise),
        voiced=float(voiced.sum()) / max(1, int(_settled(active).sum())),
        longest_voiced=_longest(voiced) * BLOCK_SECONDS,
    )
    if audible:
        erle, at_least = _enhancement(blocks, engines, active)
        report = replace(report, erle_db=erle, at_least=at_least)
        return replace(report, verdict=_verdict(report, share, sound.heard))
    taken = report.longest_voiced > LONGEST_VOICED
    if loud > DISTURBED * noise or (taken and found is None):
        return replace(report, verdict=EchoVerdict.DISTURBED)
    return replace(report, verdict=EchoVerdict.REMAINS) if taken else report


def _verdict(report: EchoReport, share: float, heard: Samples) -> EchoVerdict:
    """Of a loudspeaker that is heard; `share`: of what is heard, how much it is."""
    erle = report.erle_db or 0.0
    most, longest = SELDOM_VOICED if erle >= GOOD_ERLE_DB else (MOST_VOICED, LONGEST_VOICED)
    cut_off = levels.full_share(heard)
    if cut_off > MUCH_CUT_OFF and erle < GOOD_ERLE_DB:
        return EchoVerdict.OVERDRIVEN
    if report.voiced <= most and report.longest_voiced <= longest:
        faint = erle < LEAST_ERLE_DB and not report.at_least
        return EchoVerdict.FAINT if faint else EchoVerdict.CANCELLED
    if share < MOSTLY_EXPLAINED:
        return EchoVerdict.DISTURBED
    loud = cut_off > levels.MOST_AT_FULL_SCALE
    return EchoVerdict.OVERDRIVEN if loud else EchoVerdict.REMAINS


def _enhancement(
    blocks: list[HeardBlock], engines: EchoEngines, active: Flags
) -> tuple[float, bool]:
    """Echo return loss enhancement in dB, and whether what is left is lost in the noise."""
    _, cleaned = _heard_by(blocks, engines.bare_canceller(), engines.detector())
    before = np.array([np.square(block.samples).mean() for block in blocks])[: len(active)]
    after = levels.block_powers(cleaned)[: len(active)]
    settled = _settled(active)
    echo = max(_mean(before, settled) - _noise(before, active), 1e-12)
    floor = max(_noise(after, active), 1e-12)
    left = _mean(after, settled) - floor
    at_least = left < floor
    return 10 * float(np.log10(echo / max(left, floor))), at_least


def _heard_by(
    blocks: list[HeardBlock], canceller: EchoCanceller, detector: VoiceDetector
) -> tuple[Samples, Samples]:
    """The probability of speech of each block, and all of them without echo."""
    frontend = AudioFrontend(canceller, detector, BLOCK_SECONDS)
    probabilities, cleaned = [], []
    for index, block in enumerate(blocks):
        chunk = AudioChunk(block.samples, MICROPHONE_RATE, index * MICROPHONE_BLOCK)
        clean = frontend.hear(chunk, block.adc_at, list(block.played), floor_taken=True)
        probabilities.append(clean.probability)
        cleaned.append(clean.chunk.samples)
    canceller.close()
    detector.close()
    return np.array(probabilities, np.float32), np.concatenate(cleaned)


def _aligned(blocks: list[HeardBlock]) -> _Sound:
    """What was played, placed where the microphone's samples stand that entered as it left."""
    heard = np.concatenate([block.samples for block in blocks])
    played = [each for block in blocks for each in block.played]
    result = np.zeros(len(heard), np.float32)
    if not played:
        return _Sound(result, heard)
    far = soxr.resample(
        np.concatenate([each.samples for each in played]), PLAYBACK_RATE, MICROPHONE_RATE
    ).astype(np.float32)
    near_origin = _origin([block.adc_at for block in blocks], BLOCK_SECONDS)
    lengths = np.cumsum([0, *(len(each.samples) for each in played)])[:-1] / PLAYBACK_RATE
    far_origin = float(np.median(np.array([each.dac_at for each in played]) - lengths))
    shifted = _shifted(far, round((far_origin - near_origin) * MICROPHONE_RATE))
    result[: len(shifted)] = shifted[: len(result)]
    return _Sound(result, heard)


def _origin(times: list[float], step: float) -> float:
    """When a stream began, from the jittery times of its blocks."""
    return float(np.median(np.array(times) - step * np.arange(len(times))))


def _shifted(samples: Samples, by: int) -> Samples:
    """`by` samples later (earlier, if negative)."""
    if by < 0:
        return samples[-by:]
    return np.concatenate([np.zeros(by, np.float32), samples])


def _active(played: Samples, delay: int) -> Flags:
    """For each block of the microphone, whether an echo of what is played falls into it."""
    powers = levels.block_powers(_shifted(played, delay)[: len(played)])
    loud = powers > ACTIVE
    tail = round(TAIL / BLOCK_SECONDS)
    reach = np.convolve(loud, np.ones(tail))[: len(loud)] > 0
    return np.asarray(reach)


def _settled(active: Flags) -> Flags:
    """Where the canceller has had its time to adapt."""
    return np.asarray(active & (np.cumsum(active) * BLOCK_SECONDS > SETTLING))


def _noise(powers: Samples, active: Flags) -> float:
    """Mean power where nothing is played; of the quieter half, so that a click is none."""
    quiet = np.sort(powers[~active])
    return float(quiet[: max(1, len(quiet) // 2)].mean()) if len(quiet) else 0.0


def _mean(powers: Samples, where: Flags) -> float:
    return float(powers[where].mean()) if where.any() else 0.0


def _longest(flags: Flags) -> int:
    """Blocks of the longest stretch."""
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest
