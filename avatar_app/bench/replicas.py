"""Replicas: how much more speech two replicas on Ray make than one, and whether a sentence survives
the death of the one that speaks it."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from statistics import median
from typing import Any, Protocol

import psutil

from avatar_app.bench.process_family import processor_seconds
from avatar_app.bench.result import Report
from avatar_app.bench.served.requests import TEXTS
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.runtime.factory import engine_factory
from avatar_app.runtime.kinds import choices
from avatar_app.runtime.ray.cluster import joined_cluster, leave_cluster
from avatar_app.runtime.ray.replica import RayReplica
from avatar_app.runtime.registry import Registry
from avatar_app.runtime.sharing.clients import SharedSynthesizer
from avatar_app.runtime.sharing.replicas import ReplicaPool
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

TEXT = " ".join(TEXTS[:10])
SAID, QUICK_SAID = 40, 10
"""Texts that are spoken by each number of replicas."""
REPLICAS = 2
NUMBERS = ("one", "two")
ROUNDS = 3
LINEAR = 0.9
"""Of what is attainable: as many times more as processes gain that know nothing of each other, as
other programs, and cores that share their parts, keep them from twice as much, too; but not more
than the cores carry, as this process, which receives the sound, needs some of them as well."""
ONE_THREAD = {"threads": 1}
"""For a voice that has this option: with two, one replica would have both cores already."""


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Speak with the voice of the settings. Raises ModelMissing where ray is not installed."""
    report = Report()
    report.add("load_before", psutil.getloadavg()[0], "processes")
    choice, registry = choices(settings)[Kind.TTS], Registry(user_paths=paths)
    manifest = registry.find(Kind.TTS, choice.engine)
    alone = ONE_THREAD if any(each.name in ONE_THREAD for each in manifest.options) else {}
    factory = engine_factory(registry, manifest, choice.options | alone, remembers=False)
    joined_cluster()
    make = partial(RayReplica, factory, manifest.title)
    count = QUICK_SAID if quick else SAID
    try:
        _measure_throughput(report, factory, make, count)
        _measure_death(report, make)
    finally:
        leave_cluster()
    report.add("load_after", psutil.getloadavg()[0], "processes")
    return report


def _measure_throughput(
    report: Report, factory: Callable[[], Any], make: Callable[[], Any], count: int
) -> None:
    """In turns, so that whatever else the machine does is the same for all."""
    made: dict[str, list[float]] = {}
    used: dict[str, float] = {}
    with ExitStack() as opened:
        ways: dict[str, _Speakers] = {}
        for number, name in enumerate(NUMBERS, start=1):
            ways[f"{name}_process"] = opened.enter_context(closing(_Processes(factory, number)))
            ways[f"{name}_replica"] = opened.enter_context(closing(_Replicas(make, number)))
        for _ in range(ROUNDS):
            for name, way in ways.items():
                before, begun = processor_seconds(psutil.Process()), time.perf_counter()
                seconds = way.speak(max(REPLICAS, count // ROUNDS))
                made.setdefault(name, []).append(seconds / (time.perf_counter() - begun))
                spent = processor_seconds(psutil.Process()) - before
                used[name] = used.get(name, 0.0) + spent / seconds / ROUNDS
    for name, rates in made.items():
        report.add(name, median(rates), "s of speech/s")
    for name, spent in used.items():
        report.add(f"processor_{name}", 1000 * spent, "ms per s of speech")
    _add_gain(report, {name: median(rates) for name, rates in made.items()}, used)


def _add_gain(report: Report, made: dict[str, float], used: dict[str, float]) -> None:
    """`made`: seconds of speech per second. `used`: of the processor, for a second of speech."""
    one, two = (f"{name}_replica" for name in NUMBERS)
    linear = made["two_process"] / made["one_process"]
    cores = max(made[name] * used[name] for name in made)  # that others left
    attainable = min(linear * made[one], cores / used[one])
    report.add("linear", linear, "times")
    report.add("gain", made[two] / made[one], "times")
    report.add("gain_of_linear", made[two] / made[one] / linear, "")
    report.add("cores", cores, "cores")
    report.add("attainable", attainable, "s of speech/s")
    report.add("gain_of_attainable", made[two] / attainable, "", least=LINEAR)


class _Speakers(Protocol):
    def speak(self, count: int) -> float:
        """Return the seconds of speech of so many texts."""

    def close(self) -> None:
        """End them."""


class _Replicas:
    """As many clients as replicas on Ray."""

    def __init__(self, make: Callable[[], Any], replicas: int) -> None:
        self._pool = ReplicaPool("Voice", make, replicas)
        self._voices = [SharedSynthesizer(self._pool, f"client {n}") for n in range(replicas)]
        self._workers = ThreadPoolExecutor(replicas)
        self.speak(replicas)  # all are loaded

    def speak(self, count: int) -> float:
        return sum(self._workers.map(self._one, range(count)))

    def close(self) -> None:
        self._workers.shutdown()
        self._pool.close()

    def _one(self, number: int) -> float:
        voice = self._voices[number % len(self._voices)]
        return sum(chunk.audio.seconds for chunk in voice.speak(TEXT, Turn(number)))


class _Processes:
    """Processes with an engine each that know nothing of each other: what is linear here."""

    def __init__(self, factory: Callable[[], Any], processes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._workers = ProcessPoolExecutor(processes, context, _load, (factory,))
        self.speak(2 * processes)

    def speak(self, count: int) -> float:
        return sum(self._workers.map(_speak, range(count)))

    def close(self) -> None:
        self._workers.shutdown()


_ENGINE: list[Any] = []


def _load(factory: Callable[[], Any]) -> None:
    _ENGINE.append(factory())


def _speak(number: int) -> float:
    return sum(float(chunk.audio.seconds) for chunk in _ENGINE[0].speak(TEXT, Turn(number)))


def _measure_death(report: Report, make: Callable[[], Any]) -> None:
    """Kill the replica that has begun to speak."""
    made: list[Any] = []

    def kept() -> Any:
        made.append(make())
        return made[-1]

    with closing(ReplicaPool("Voice", kept, REPLICAS)) as pool:
        with pool.engine("one", Turn(0)), pool.engine("other", Turn(0)):
            report.add("replicas", pool.loaded, "", least=REPLICAS)
        voice = SharedSynthesizer(pool, "client")
        usual = sum(chunk.audio.seconds for chunk in voice.speak(TEXT, Turn(1)))
        speech = voice.speak(TEXT, Turn(2))
        seconds = next(speech).audio.seconds
        begun = time.perf_counter()
        made[0].close()
        rest = next(speech, None)
        report.add("gap_after_death", time.perf_counter() - begun, "s")
        chunks = itertools.chain([rest] if rest is not None else [], speech)
        seconds += sum(chunk.audio.seconds for chunk in chunks)
    report.add("speech_lost", usual - seconds, "s", most=0.05)
