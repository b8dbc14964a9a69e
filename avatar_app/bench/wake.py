"""Wake word: how often a call is heard in noise, how often none was, and what listening costs.

The voices that call and talk are not those with which the classifier was trained: other variants
of espeak-ng, other speakers of Kokoro where it is installed, and the recordings of the checkout.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil

from avatar_app.bench.called import CALLS, NOISES, caller, other_speech, with_noise
from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.core.manifest import Kind
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, Samples
from avatar_app.media.blocks import blocks_of
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.simulated_user import at_level, trim_silence
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

ENGINE = "livekit"
RATIO = 10.0
"""dB of the voice above the noise."""
FOUND = 95.0
"""Percent of the calls at that ratio that must be heard."""
HOURS = 3.0
"""Of speech without a call, in which one false alarm is allowed."""
QUICK_HOURS = 0.05
LATE = 1.0
"""Seconds after the end of a call until which it counts as heard."""


def measure(
    settings: Settings, paths: AppPaths, *, quick: bool, recordings: str | None = None
) -> Report:
    """`recordings`: a folder of speech without a call, that is heard as well."""
    del paths  # nothing is stored
    report, rng = Report(), np.random.default_rng(23)
    detector = wake_word(settings)
    with ExitStack() as opened:
        opened.callback(detector.close)
        say = opened.enter_context(caller(Registry().paths))
        calls = [trim_silence(say(text, rng)) for text in CALLS for _ in range(1 if quick else 12)]
        for kind in (None, *NOISES):
            found = [_delay(detector, call, kind, rng) for call in calls]
            name = f"found_{kind}_at_10_db" if kind else "found_in_silence"
            heard = [each for each in found if each is not None]
            report.add(name, 100 * len(heard) / len(found), "%", least=FOUND if kind else None)
            if kind == NOISES[0]:
                report.add_percentiles("delay", [each * 1000 for each in heard], "ms", p50=600.0)
        hours = QUICK_HOURS if quick else HOURS
        listened = _listen(detector, other_speech(say, hours * 3600, recordings, rng))
    report.add("hours_of_speech", listened.seconds / 3600, "h", least=0.9 * hours)
    report.add("false_alarms", len(listened.alarms), "", most=1)
    report.add("share_of_a_core", 100 * listened.cost / listened.seconds, "%", most=10.0)
    report.add("load", psutil.getloadavg()[0], "processes")
    return report


def wake_word(settings: Settings) -> Any:
    """That of the settings, or the one that is installed. Raises ModelMissing."""
    options = settings.wake.options if settings.wake.engine == ENGINE else {}
    registry = Registry()
    return create_engine(registry, registry.find(Kind.WAKE, ENGINE), options)


@dataclass
class _Listened:
    seconds: float = 0.0
    cost: float = 0.0
    """Seconds of processor time."""
    alarms: list[float] = field(default_factory=list)
    """Seconds at which the detector took something for a call."""


def _delay(
    detector: Any, call: Samples, kind: str | None, rng: np.random.Generator
) -> float | None:
    """Seconds from the end of the call until it was heard; None if it was not."""
    before, after = round(2.5 * MICROPHONE_RATE), round(LATE * MICROPHONE_RATE)
    sound = with_noise(np.pad(at_level(call), (before, after)), kind, RATIO, rng)
    end = before + len(call)
    heard = [block.start for block in blocks_of(sound) if detector.heard(block)]
    return (heard[0] + MICROPHONE_BLOCK - end) / MICROPHONE_RATE if heard else None


def _listen(detector: Any, speech: Iterable[Samples]) -> _Listened:
    listened = _Listened()
    for samples in show_steps("wake, speech", list(speech)):
        began = time.thread_time()
        for block in blocks_of(samples):
            if detector.heard(block):
                listened.alarms.append(listened.seconds + block.start / MICROPHONE_RATE)
        listened.cost += time.thread_time() - began
        listened.seconds += len(samples) / MICROPHONE_RATE
    return listened
