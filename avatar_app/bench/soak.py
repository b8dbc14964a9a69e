"""Soak: a thousand turns must not leak memory or threads, or play stale samples."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import psutil

from avatar_app.bench.face_soak import measure_face
from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.bench.scene import Scene
from avatar_app.bench.scripted.engines import (
    TURN_STEP,
    FlatFace,
    FlatVoice,
    LevelDetector,
    PassThrough,
    ScriptedDialogue,
    ScriptedRecognizer,
    level_of,
    noisy_voice,
)
from avatar_app.bench.window_soak import measure_window
from avatar_app.core.events import Outcome, TurnEnded, UserSaid
from avatar_app.core.values import PLAYBACK_RATE
from avatar_app.pipeline import commands
from avatar_app.pipeline.conversation import Engines
from avatar_app.session.offline.devices import Tick
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

TURNS, QUICK_TURNS = 1000, 50
PACE = 20.0
"""Real seconds that a block may take: time passes as fast as the conversation can follow."""
PER = 100
"""Turns per growth measurement."""
GROWTH_MB = 1.0
WARM_UP = 0.2
"""Share of the turns before memory is measured."""
ANSWER = "One two three four five six."
INTERRUPTED = 0.6
"""Share of the turns that are stopped while they play."""
FADE = 0.02
"""Seconds within which a stopped turn falls silent."""
SILENT = 0.02
"""Below any level of speech, and above the rest of a fade."""
SPOKEN = 0.3
"""Seconds of the user's speech."""


def measure(
    settings: Settings,
    paths: AppPaths,
    *,
    quick: bool,
    face: str | None = None,
    utterances: int | None = None,
    minutes: float | None = None,
) -> Report:
    """Run typed and spoken turns, some of them interrupted at random, on engines without a model;
    with `face`, that face speaks so many times instead; with `minutes`, the real window is used for
    so long."""
    if minutes is not None:
        return measure_window(paths, minutes)
    if face is not None:
        return measure_face(settings, paths, face, utterances, quick=quick)
    turns = utterances or (QUICK_TURNS if quick else TURNS)
    rng = np.random.default_rng(13)
    process = psutil.Process()
    engines = Engines(
        PassThrough(),
        LevelDetector(),
        ScriptedRecognizer(),
        ScriptedDialogue(ANSWER),
        FlatVoice(),
        FlatFace(),
    )
    memory, threads, counts = [], [], _SoakCounts()
    with Scene(engines, pace=PACE, output_latency=0.0) as scene:
        for index in show_steps("soak, turn", range(turns)):
            _turn(scene, rng, spoken=index % 2 == 0)
            counts.take(scene)
            memory.append(process.memory_info().rss / 2**20)
            threads.append(threading.active_count())
    warm = memory[round(WARM_UP * turns) :]
    slope = float(np.polyfit(np.arange(len(warm)), warm, 1)[0]) * PER
    report = Report()
    report.add("memory_growth", slope, f"MB per {PER} turns", most=GROWTH_MB)
    report.add("memory", memory[-1], "MB")
    report.add("threads_gained", max(threads[-PER:]) - threads[0], "", most=0)
    report.add("stale_samples", counts.stale, "", most=0)
    report.add("answer_samples", counts.sounding, "", least=turns * PLAYBACK_RATE // 20)
    report.add("turns", counts.turns, "", least=0.9 * turns)
    report.add("interrupted_turns", counts.interrupted, "", least=turns // 5)
    report.series["memory [MB]"] = memory
    return report


@dataclass(slots=True)
class _SoakCounts:
    """Counts events and drops them, as what a scene keeps would look like a leak."""

    turns: int = 0
    interrupted: int = 0
    sounding: int = 0
    stale: int = 0

    def take(self, scene: Scene) -> None:
        levels: dict[int, float] = {}
        over: dict[int, float] = {}
        for at, event in scene.events:
            if isinstance(event, UserSaid):
                levels[event.turn_id] = at
            elif isinstance(event, TurnEnded):
                over[event.turn_id] = at
                self.turns += 1
                self.interrupted += event.outcome is Outcome.INTERRUPTED
        for moment in scene.moments:
            self._check(moment, levels, over)
        scene.events.clear()
        scene.moments.clear()

    def _check(self, moment: Tick, begun: dict[int, float], over: dict[int, float]) -> None:
        """Check for stale samples: those of no turn, or of one that was over a block before."""
        level = float(np.abs(moment.played).max())
        if level < SILENT:
            return
        self.sounding += int(np.count_nonzero(moment.played))
        alive = [
            level_of(turn)
            for turn, at in begun.items()
            if at <= moment.at <= over.get(turn, moment.at) + FADE
        ]
        self.stale += len(moment.played) * (level > max(alive, default=0.0) + TURN_STEP / 2)


def _turn(scene: Scene, rng: np.random.Generator, *, spoken: bool) -> None:
    """Run one turn to its end, or to an interruption by the user's voice, typing or stop button."""
    if spoken:
        scene.play(noisy_voice(SPOKEN, rng))
    else:
        scene.conversation.send(commands.TextTyped("go on"))
    scene.pass_until(scene.speaking, 3.0)
    scene.pass_time(float(rng.uniform(0.05, 1.0)))
    if rng.random() < INTERRUPTED:
        scene.conversation.send(commands.Interrupt())
    scene.pass_until(lambda: scene.ended, 5.0)
    scene.pass_time(0.1)
