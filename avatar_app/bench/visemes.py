"""Visemes: accuracy and cost of lip shapes from sound alone.

The speakers are two of flite's where it is installed: cut from recordings of people, whom the
network was not trained on. Else they are voices of espeak-ng that it never heard, which is
easier.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avatar_app.bench.labeled import LabeledSpeech, espeak_speakers, flite_speakers
from avatar_app.bench.result import Report
from avatar_app.core.values import AudioChunk, MouthShape, Samples, SpeechChunk
from avatar_app.engines.face.animation.pose import Mouth
from avatar_app.engines.face.animation.speech_features import LOOKAHEAD_BY_SOUND, SpeechFeatures
from avatar_app.engines.face.animation.visemes import SHAPES, Segment, blend_visemes
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

CORRELATION, RECALL, SHUT, STEP_MS, LOOK_AHEAD_MS = 0.85, 0.7, 99.0, 1.0, 100.0
"""Targets: opening's r, closures found, % of silence with the lips closed, time for 50 ms."""
STEP = 0.05
"""Seconds of sound per step."""
PER_SECOND = 100
"""Looks at the mouth."""
CLOSED = 0.08
"""Opening up to which lips count as closed."""
MISSED_BY = 3
"""Steps by which a closure may differ from its consonant."""
NOISE_DB = (-70, -60, -50, -42)
"""dBFS (RMS) of the noises that must leave the mouth closed."""
NOISE_SECONDS = 4
Curve = NDArray[np.float64]
Marks = NDArray[np.bool_]


@dataclass
class Fit:
    """Curves of one speaker, one entry per step."""

    heard: list[float] = field(default_factory=list)
    true: list[float] = field(default_factory=list)
    lips: list[bool] = field(default_factory=list)
    """A p, b or m is being said."""
    silent: list[bool] = field(default_factory=list)
    """In a pause, except for its first and last tenth of a second."""
    pausing: list[bool] = field(default_factory=list)
    """In a pause or within a tenth of a second of one."""

    def correlation(self) -> float:
        return float(np.corrcoef(self.heard, self.true)[0, 1])

    def closures(self) -> tuple[float, float]:
        """Return the share of p, b, m in which the lips close, and the share of closings in speech
        that are one."""
        closed, lips = np.array(self.heard) < CLOSED, np.array(self.lips)
        within = closed & ~np.array(self.pausing)
        return share_met(lips, closed, 0), share_met(within, lips, MISSED_BY)

    def shut(self) -> float:
        """Return the share of the pauses in which the lips are closed."""
        closed = np.array(self.heard)[self.silent] < CLOSED
        return float(closed.mean()) if len(closed) else 1.0


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Measure the network and, in the same run, loudness alone."""
    del settings, paths  # without the user's engines and folders
    report = Report()
    speakers = list(flite_speakers(quick=quick) or espeak_speakers(quick=quick))
    steps: list[float] = []
    for speech in speakers:
        heard, loud = Fit(), Fit()
        for sentence in speech:
            _fit(sentence, heard, loud, steps)
        _tell(report, speech[0].speaker, heard, loud)
    report.add("noise_shut", 100 * _noises_shut(), "%", least=SHUT)
    report.add_percentiles("step", steps, "ms", p50=STEP_MS, p95=None)
    report.add("look_ahead", LOOKAHEAD_BY_SOUND * 1000, "ms", most=LOOK_AHEAD_MS)
    return report


def _tell(report: Report, name: str, heard: Fit, loud: Fit) -> None:
    recall, precision = heard.closures()
    report.add(f"{name}_opening_r", heard.correlation(), "", least=CORRELATION)
    report.add(f"{name}_opening_r_loudness", loud.correlation(), "")
    report.add(f"{name}_closure_recall", recall, "", least=RECALL)
    report.add(f"{name}_closure_precision", precision, "")
    report.add(f"{name}_closure_recall_loudness", loud.closures()[0], "")
    report.add(f"{name}_silence_shut", 100 * heard.shut(), "%", least=SHUT)


def _fit(speech: LabeledSpeech, heard: Fit, loud: Fit, steps: list[float]) -> None:
    features = run_features(speech.samples, speech.rate, steps)
    segments = [Segment(at, shape) for at, shape in speech.track]
    count = round(len(speech.samples) / speech.rate * PER_SECOND)
    shapes = [_shape_at(speech, look / PER_SECOND) for look in range(count)]
    for look in range(count):
        at = look / PER_SECOND
        for fit, opening in (
            (heard, features.mouth(at).opening),
            (loud, _by_loudness(features, at)),
        ):
            fit.heard.append(opening)
            fit.true.append(blend_visemes(segments, at, Mouth()).opening)
            fit.lips.append(shapes[look] is MouthShape.PP)
            around = shapes[max(look - 10, 0) : look + 11]
            fit.silent.append(set(around) == {MouthShape.SIL})
            fit.pausing.append(MouthShape.SIL in around)


def _shape_at(speech: LabeledSpeech, at: float) -> MouthShape:
    before = [shape for start, shape in speech.track if start <= at]
    return before[-1] if before else MouthShape.SIL


def run_features(samples: Samples, rate: int, steps: list[float]) -> SpeechFeatures:
    """Run a face's audio analysis step by step; appends the milliseconds of each step."""
    features = SpeechFeatures()
    length = round(STEP * rate)
    for start in range(0, len(samples), length):
        chunk = SpeechChunk(AudioChunk(samples[start : start + length], rate, start))
        began = time.perf_counter()
        features.add(chunk)
        if start > length:  # the first may load the network
            steps.append((time.perf_counter() - began) * 1000)
    features.end()
    return features


def _by_loudness(features: SpeechFeatures, at: float) -> float:
    """Return the mouth opening by loudness alone."""
    loud = features.loudness(at)
    return min(SHAPES[MouthShape.AA].opening * loud * (0.72 + 0.42 * loud), 1.0)


def _noises_shut() -> float:
    """Return the share of steps at which noise without a voice leaves the lips closed."""
    closed = [
        features.mouth(look / PER_SECOND).opening < CLOSED
        for features in _noises()
        for look in range(NOISE_SECONDS * PER_SECOND)
    ]
    return float(np.mean(closed))


def _noises() -> Iterator[SpeechFeatures]:
    rng = np.random.default_rng(5)
    rate = 24_000
    white = rng.standard_normal(rate * NOISE_SECONDS)
    brown = np.cumsum(white)
    brown -= np.convolve(brown, np.full(rate // 20, 20 / rate), "same")  # no rumble below 20 Hz
    for noise in (white, brown):
        for decibels in NOISE_DB:
            level = 10 ** (decibels / 20) / np.sqrt(np.mean(noise**2))
            yield run_features((noise * level).astype(np.float32), rate, [])


def share_met(events: Marks, others: Marks, tolerance: int) -> float:
    """Return the share of the runs of `events` that match one of `others`, at most `tolerance`
    away."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], events.astype(int), [0]])))
    met = [
        others[max(start - tolerance, 0) : end + tolerance].any()
        for start, end in edges.reshape(-1, 2)
    ]
    return float(np.mean(met)) if met else 0.0
