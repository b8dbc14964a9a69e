"""Checks a reference recording for voice cloning; each check reports one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.voices import speaker_embedding

SHORTEST, LONGEST = 3.0, 30.0
"""Seconds: XTTS clones a voice from as little as 3, and more than 30 adds nothing."""
LEAST_SPEECH = 2.0
"""Minimum seconds of voice in it."""
QUIETEST = -40.0
"""dB of full scale, on average during speech."""
MOST_CLIPPED = 5e-4
"""Share of clipped samples; clean recordings have none."""
LEAST_SNR = 15.0
"""dB between voice and the quietest tenth; a speech of 1961 in a square has 21, a quiet room 30
and more, a voice with as loud a babble as is still understood 10."""
FARTHEST_APART = 0.2
"""Distance between the two clusters of a recording's windows. One speaker: at most 0.17 (16
speakers); two: over 0.2 in 88 of 100 mixtures of them."""

_CUT_OFF = 3
"""Samples in a row at the recording's peak: a natural wave touches it once."""
_TOP = 0.999
_FRAME = MICROPHONE_RATE // 50
_SILENT = 1e-6
_LEAST_WINDOWS = 2
"""Minimum size of the smaller cluster; a single window may be a laugh or a breath."""
_ROUNDS = 10


class CheckName(StrEnum):
    """What is checked."""

    LENGTH = "length"
    SPEECH = "speech"
    LEVEL = "level"
    CLIPPING = "clipping"
    NOISE = "noise"
    ONE_SPEAKER = "one speaker"


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: CheckName
    passed: bool
    sentence: str
    """The finding, as readable text."""
    hint: str = ""
    """What to do if it did not pass."""
    figure: float = 0.0
    """The measured value: seconds of length and speech, dB of level and noise, clipped share."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A recording, as it is stored and as it is judged."""

    samples: Samples
    """Mono, at `rate`."""
    rate: int
    """Of the file."""
    heard: Samples
    """The same at 16 kHz."""
    embeddings: speaker_embedding.Embeddings


def read_reference(path: Path) -> Reference:
    """Read the recording; raises InputInvalid where it cannot be read or its length is wrong."""
    samples, rate = read_between(path, SHORTEST, LONGEST)
    heard = at_microphone_rate(samples, rate)
    return Reference(samples, rate, heard, speaker_embedding.embed(heard))


def read_between(path: Path, shortest: float, longest: float) -> tuple[Samples, int]:
    """Read mono sound of that many seconds, and its rate; longer files are not read."""
    from avatar_app.media.downmix import downmix
    from avatar_app.media.sound_file import opened_sound

    pieces: list[Samples] = []
    with opened_sound(path) as file:
        seconds = file.stated_seconds
        blocks = file.blocks(file.rate) if seconds <= longest else iter(())
        for block in islice(blocks, int(longest) + 1):
            pieces.append(downmix(block))
            seconds = sum(map(len, pieces)) / file.rate
    if not shortest <= seconds <= longest:
        raise InputInvalid(
            f"{path.name} is {seconds:.1f} s long.",
            f"Provide {shortest:.0f} to {longest:.0f} seconds of speech.",
        )
    return np.concatenate(pieces), file.rate


def at_microphone_rate(samples: Samples, rate: int) -> Samples:
    import soxr

    return np.asarray(soxr.resample(samples, rate, MICROPHONE_RATE), np.float32)


def checks(reference: Reference) -> Iterator[Check]:
    """Run the checks: length, speech, level, clipping, noise, and whether one person speaks."""
    yield _length(len(reference.samples) / reference.rate)
    speech = speaker_embedding.voiced_parts(reference.heard)
    enough = _speech(speech, spoken=len(reference.embeddings) > 0)
    yield enough
    if enough.passed:
        yield _level(speech)
        yield _clipping(reference.samples)
        yield _noise(reference.heard, speech)
        yield _one_speaker(reference.embeddings)


def checks_so_far(heard: Samples) -> tuple[Check, ...]:
    """Run the checks that need no speaker embeddings on sound at 16 kHz that is still recorded."""
    seconds = len(heard) / MICROPHONE_RATE
    speech = speaker_embedding.voiced_parts(heard)
    first = (_length(seconds), _speech(speech, spoken=True))
    if not speech.size:
        return first
    return (*first, _level(speech), _clipping(heard), _noise(heard, speech))


def _length(seconds: float) -> Check:
    passed = SHORTEST <= seconds <= LONGEST
    return Check(CheckName.LENGTH, passed, f"It is {seconds:.1f} s long.", figure=seconds)


def _speech(speech: Samples, *, spoken: bool) -> Check:
    seconds = len(speech) / MICROPHONE_RATE
    return Check(
        CheckName.SPEECH,
        seconds >= LEAST_SPEECH and spoken,
        f"Somebody speaks for {seconds:.1f} s of it.",
        f"Record at least {LEAST_SPEECH:.0f} seconds of speech.",
        seconds,
    )


def _level(speech: Samples) -> Check:
    level = decibels(rms(speech))
    return Check(
        CheckName.LEVEL,
        level >= QUIETEST,
        f"The voice is at {level:.0f} dB of full scale.",
        "It is too quiet: move closer to the microphone, or turn it up.",
        level,
    )


def _clipping(samples: Samples) -> Check:
    share = clipped_share(samples)
    found = f"{share:.2%} of it is clipped." if share else "Nothing is clipped."
    hint = "It is too loud: turn the microphone down and record it again."
    return Check(CheckName.CLIPPING, share <= MOST_CLIPPED, found, hint, share)


def _noise(heard: Samples, speech: Samples) -> Check:
    ratio = snr(heard, speech)
    return Check(
        CheckName.NOISE,
        ratio >= LEAST_SNR,
        f"The voice is {ratio:.0f} dB above the noise.",
        "Record it where it is quiet, without music.",
        ratio,
    )


def _one_speaker(embeddings: speaker_embedding.Embeddings) -> Check:
    apart = apartness(embeddings)
    single = apart <= FARTHEST_APART
    found = "One person speaks." if single else "More than one person seems to speak."
    hint = "Only the person who consents may be heard."
    return Check(CheckName.ONE_SPEAKER, single, found, hint, apart)


def clipped_share(samples: Samples) -> float:
    """Return the share of samples in runs of three or more at the peak level."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < _SILENT:
        return 0.0
    total = 0
    for at_top in (samples >= _TOP * peak, samples <= -_TOP * peak):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], at_top, [False]]).astype(np.int8)))
        lengths = edges[1::2] - edges[::2]
        total += int(lengths[lengths >= _CUT_OFF].sum())
    return total / len(samples)


def snr(heard: Samples, speech: Samples) -> float:
    """Return the dB between the voice and the quietest tenth of the recording; at most 60."""
    frames = heard[: len(heard) // _FRAME * _FRAME].reshape(-1, _FRAME)
    floor = float(np.quantile(np.sqrt((frames**2).mean(axis=1)), 0.1))
    return min(60.0, decibels(rms(speech)) - decibels(floor))


def apartness(embeddings: speaker_embedding.Embeddings) -> float:
    """Return the distance between the two clusters of the windows (2-means, by cosine).

    Neighboring windows are averaged first: one alone varies with what is said.
    """
    if len(embeddings) < 2 * _LEAST_WINDOWS:
        return 0.0
    pairs = embeddings[1:] + embeddings[:-1]
    pairs /= np.linalg.norm(pairs, axis=1, keepdims=True)
    centers = pairs[list(np.unravel_index(np.argmin(pairs @ pairs.T), (len(pairs),) * 2))]
    for _ in range(_ROUNDS):
        second = (pairs @ centers.T).argmax(axis=1) == 1
        if min(second.sum(), (~second).sum()) < _LEAST_WINDOWS:
            return 0.0
        centers = np.stack(
            [
                speaker_embedding.mean_embedding(pairs[~second]),
                speaker_embedding.mean_embedding(pairs[second]),
            ]
        )
    return float(1 - centers[0] @ centers[1])


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0


def decibels(level: float) -> float:
    return 20 * float(np.log10(max(level, _SILENT)))
