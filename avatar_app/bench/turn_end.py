"""Turn end: how soon the end of a turn is heard, and how many pauses are taken for one.

The method of public benchmarks of end-of-turn detection: every pause is given to silence alone and
to Smart Turn beside it; of each, the share of pauses cut off is reported at equal latency, and the
latency at an equal share of cut-offs. Then the program's own turn detector hears one silence of a
speaker after the other, as it is shipped and as it might be: what a sooner end costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product, zip_longest
from pathlib import Path

import numpy as np
import psutil

from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.bench.scene import turn_detection_options
from avatar_app.bench.turn_listener import TurnListener
from avatar_app.bench.turn_replay import HeardSilence, Speakers, replay
from avatar_app.core.engines import EndOfTurnDetector
from avatar_app.core.errors import InputInvalid
from avatar_app.core.manifest import Kind
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, Samples
from avatar_app.engines.turn.smart_turn.engine import MODEL
from avatar_app.media.sound_reader import read_sound
from avatar_app.pipeline.input.turn_detection import (
    CONTINUE_AFTER,
    Decision,
    TurnDetectionOptions,
)
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.simulated_user import (
    Saying,
    at_level,
    in_room,
    is_voiced,
    recordings,
    silence,
    trim_silence,
)
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

SMART_TURN = "smart_turn"
LATENCIES = (0.3, 0.6)
"""Seconds from the end of the voice at which the shares of cut-offs are compared."""
CUT_OFFS = 0.05
"""Share of pauses cut off at which the latencies are compared."""
SHORTEST_SPEECH = 1.0
"""Seconds of a recording that is used."""
HESITATION = (0.3, 1.0)
"""Seconds of a pause that is put into a sentence."""
GAP = 5
"""Blocks without voice (50 ms) that are rather between two words than within one."""
BESIDE_PLACE = (1.0, 0.8)
"""Seconds of speech before the first such pause, and from the last to the end."""
ENDING = (
    "sure_endpointing_delay",
    "min_endpointing_delay",
    "max_endpointing_delay",
    "max_utterance",
)
NEVER = 60.0
"""Seconds of silence: no turn ends, so that every pause is heard to its end."""
OTHER_DELAYS = (0.5, 0.7, 0.9)
"""Seconds of silence that might end a turn instead."""
DELAYS = np.arange(0.2, 2.01, 0.02)
THRESHOLDS = np.arange(0.1, 1.0, 0.05)


Policy = Callable[[HeardSilence], float]
"""Seconds of silence after which a turn is taken for ended."""


def measure(
    settings: Settings, paths: AppPaths, *, quick: bool, recordings: str | None = None
) -> Report:
    """`recordings`: a folder with more of them, one turn each, those of a speaker in a folder."""
    del paths  # nothing is stored
    report, rng = Report(), np.random.default_rng(17)
    detector = smart_turn(settings)
    try:
        real = _listened(_speeches(recordings, quick=quick), settings, detector, rng)
        speeches = _speeches(recordings, quick=quick)
        hesitating = [
            _Speech(speech.speaker, voice)
            for speech in speeches
            for voice in _hesitating(speech.samples, rng)
        ]
        put_in = _listened(hesitating, settings, detector, rng)
    finally:
        detector.close()
    _add(report, "", real.silences, settings)
    _add(report, "hesitations_", put_in.silences, settings)
    report.add_percentiles("question", real.costs, "ms", p50=150.0, p95=None)
    report.add("load", psutil.getloadavg()[0], "processes")
    return report


def smart_turn(settings: Settings) -> EndOfTurnDetector:
    """That of the settings, or the one that is here. ModelMissing where there is none."""
    options = settings.turn.options if settings.turn.engine == SMART_TURN else {}
    registry = Registry()
    manifest = registry.find(Kind.TURN, SMART_TURN)
    detector: EndOfTurnDetector = create_engine(registry, manifest, {"model": MODEL} | options)
    return detector


@dataclass(frozen=True, slots=True, eq=False)
class _Speech:
    speaker: str
    samples: Samples


@dataclass(frozen=True, slots=True, eq=False)
class _Listened:
    silences: Speakers
    costs: list[float]
    """Milliseconds of processor time for each question."""


def _speeches(folder: str | None, *, quick: bool) -> list[_Speech]:
    sayings = [(each.name, each) for each in recordings()]
    if folder is not None:
        files = sorted(each for each in Path(folder).rglob("*") if each.suffix in (".wav", ".flac"))
        if not files:
            raise InputInvalid(f"{folder} holds no recordings.", "Name a folder with .wav files.")
        sayings += [(str(each.parent), _read(each)) for each in files[:: 10 if quick else 1]]
    return [
        _Speech(speaker, trim_silence(each.samples))
        for speaker, each in sayings
        if len(each.samples) > SHORTEST_SPEECH * MICROPHONE_RATE
    ]


def _read(path: Path) -> Saying:
    return Saying(path.name, at_level(read_sound(path, MICROPHONE_RATE).samples))


def _hesitating(voice: Samples, rng: np.random.Generator) -> list[Samples]:
    """The same with a longer silence in a gap between two words; nothing without such a gap."""
    first, last = (round(each * 100) for each in BESIDE_PLACE)
    voiced = is_voiced(voice)
    inside = ~voiced[first : max(first, len(voiced) - last)]
    if len(inside) < GAP:
        return []
    gaps = np.lib.stride_tricks.sliding_window_view(inside, GAP).all(axis=1)
    candidates = np.nonzero(gaps)[0] + first + GAP // 2
    if not len(candidates):
        return []
    at = int(rng.choice(candidates)) * MICROPHONE_BLOCK
    return [np.concatenate([voice[:at], silence(float(rng.uniform(*HESITATION))), voice[at:]])]


def _listened(
    speeches: Sequence[_Speech],
    settings: Settings,
    detector: EndOfTurnDetector,
    rng: np.random.Generator,
) -> _Listened:
    patience = dict.fromkeys(ENDING, NEVER)
    options = settings.turn_detection.model_copy(update=patience)
    patient = settings.model_copy(update={"turn_detection": options})
    found = _Listened({}, [])
    for speech in show_steps("turn-end, recording", speeches):
        listener = TurnListener(patient, detector)
        sound = in_room(np.concatenate([silence(0.6), speech.samples, silence(1.0)]), rng)
        decisions = listener.decisions(sound)
        listener.close()
        delay = options.preemptive_generation_delay
        again = [at for what, at in decisions if what is Decision.CONTINUED]
        paused = [at - delay for what, at in decisions if what is Decision.PAUSED]
        for begun, judged, resumed in zip_longest(paused, listener.judged, again):
            seconds = np.inf if resumed is None else resumed - CONTINUE_AFTER - begun
            answered = delay + judged.seconds
            heard = HeardSilence(seconds, judged.probability, answered)
            found.silences.setdefault(speech.speaker, []).append(heard)
            found.costs.append(judged.seconds * 1000)
    return found


def silence_alone(delay: float, silence: HeardSilence) -> float:
    """Every turn ends after the same silence."""
    del silence
    return delay


def with_smart_turn(sure: float, threshold: float, delay: float, silence: HeardSilence) -> float:
    """Sooner where the detector is sure."""
    early = silence.probability >= threshold
    return max(sure, silence.answered) if early else delay


def _add(report: Report, name: str, speakers: Speakers, settings: Settings) -> None:
    silences = [each for silences in speakers.values() for each in silences]
    sure = settings.turn_detection.sure_endpointing_delay
    alone = [partial(silence_alone, each) for each in DELAYS]
    smart = [
        partial(with_smart_turn, sure, threshold, each)
        for threshold, each in product(THRESHOLDS, DELAYS)
    ]
    ends = sum(each.seconds == np.inf for each in silences)
    report.add(f"{name}pauses", len(silences) - ends, "", least=1)
    report.add(f"{name}turns", ends, "", least=1)
    for way, policies in (("silence", alone), ("smart_turn", [*alone, *smart])):
        for latency in LATENCIES:
            cut = best_cut_off(policies, silences, latency)
            share = None if cut is None else 100 * cut
            report.add(f"{name}{way}_cut_off_at_{latency * 1000:.0f}_ms", share, "%")
        latency_at = best_latency(policies, silences, CUT_OFFS)
        milliseconds = None if latency_at is None else 1000 * latency_at
        report.add(f"{name}{way}_latency_at_5_percent", milliseconds, "ms")
    options = turn_detection_options(settings)
    for way, chosen, is_asked in _ways(options):
        heard = replay(speakers, chosen, is_asked=is_asked)
        report.add(f"{name}{way}_cut_off", 100 * heard.cut_off, "%")
        report.add(f"{name}{way}_latency", 1000 * heard.latency, "ms")


def _ways(options: TurnDetectionOptions) -> Iterator[tuple[str, TurnDetectionOptions, bool]]:
    """Yield the ways in which a turn may end: their names, options, and whether Smart Turn is
    asked."""
    yield "silence_as_shipped", options, False
    for delay in OTHER_DELAYS:
        changed = replace(options, min_endpointing_delay=delay)
        yield f"silence_of_{delay * 1000:.0f}_ms", changed, False
    yield "smart_turn_as_shipped", options, True
    yield "smart_turn_believed_at_once", replace(options, right_before=0), True


def cut_offs(policy: Policy, silences: Iterable[HeardSilence]) -> float:
    """Share of the pauses that are taken for the end of a turn."""
    cut = [policy(each) < each.seconds for each in silences if np.isfinite(each.seconds)]
    return float(np.mean(cut)) if cut else 0.0


def latency_of(policy: Policy, silences: Iterable[HeardSilence]) -> float:
    """Mean seconds from the end of the voice to the end of a turn."""
    return float(np.mean([policy(each) for each in silences if not np.isfinite(each.seconds)]))


def best_cut_off(
    policies: Iterable[Policy], silences: Sequence[HeardSilence], latency: float
) -> float | None:
    """The least share of cut-offs of those that are not later; None where all are."""
    quick = [each for each in policies if latency_of(each, silences) <= latency + 1e-9]
    return min((cut_offs(each, silences) for each in quick), default=None)


def best_latency(
    policies: Iterable[Policy], silences: Sequence[HeardSilence], share: float
) -> float | None:
    """The least latency of those that cut off no more; None where all do."""
    careful = [each for each in policies if cut_offs(each, silences) <= share]
    return min((latency_of(each, silences) for each in careful), default=None)
