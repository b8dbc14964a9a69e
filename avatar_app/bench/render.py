"""Render: speed and memory of a five-second film, compared with a plain loop.

Each runs in a process of its own, in turns; what is loaded before the clock starts is the same for
both, and so is the memory that counts. Without torch the loop, and the comparison with it, is
missing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from avatar_app.bench.faces import write_weights
from avatar_app.bench.plain_torch import TORCH
from avatar_app.bench.progress import show_steps
from avatar_app.bench.render_ways import LOOP, MODEL, OURS, READY, VOICE
from avatar_app.bench.result import Report
from avatar_app.bench.wav2lip import random_state
from avatar_app.core.errors import EngineFailed
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk
from avatar_app.media.sound_reader import write_sound
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import DATA_DIR_VARIABLE, AppPaths

SECONDS = 5.0
ROUNDS, QUICK_ROUNDS = 3, 1
SAID = (
    "The face in the picture says what somebody wrote, and its lips follow every word of it, "
    "until the sentence is over and the mouth closes again. Then it waits for the next one."
)
_STEP = 0.01
"""Seconds between two memory samples."""


@dataclass(frozen=True, slots=True)
class _Run:
    seconds: float
    megabytes: float
    """Peak resident memory while the film is rendered."""
    before: float
    """The same after everything is loaded."""


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Return the median of all rounds, as other work on the machine only disturbs some."""
    del settings  # both use the defaults
    write_weights(paths.models / MODEL, random_state())
    write_sound(paths.data / VOICE, _speech())
    ways = (OURS, LOOP) if importlib.util.find_spec(TORCH) is not None else (OURS,)
    runs: dict[str, list[_Run]] = {OURS: [], LOOP: []}
    for _ in show_steps("render, round", range(QUICK_ROUNDS if quick else ROUNDS)):
        for way in ways:
            runs[way].append(_run(way, paths.data))
    return _report(runs[OURS], runs[LOOP])


def _report(ours: list[_Run], loop: list[_Run]) -> Report:
    report = Report()
    took, loop_took = (_median([run.seconds for run in runs]) for runs in (ours, loop))
    room, loop_room = (_median([run.megabytes for run in runs]) for runs in (ours, loop))
    assert took is not None
    assert room is not None
    report.add("generate", took, "s", most=SECONDS)
    report.add_compared("loop", loop_took, "s", other=TORCH)
    ratio = loop_took and loop_took / took
    report.add_compared("generate_per_loop", ratio, "times", other=TORCH, least=4)
    report.add("generate_memory", room, "MB")
    report.add_compared("loop_memory", loop_room, "MB", other=TORCH)
    share = loop_room and 100 * room / loop_room
    report.add_compared("memory_per_loop", share, "%", other=TORCH, most=25)
    report.add("generate_memory_loading", _median([run.before for run in ours]), "MB")
    loading = _median([run.before for run in loop])
    report.add_compared("loop_memory_loading", loading, "MB", other=TORCH)
    report.series["generate [s]"] = [run.seconds for run in ours]
    report.series["loop [s]"] = [run.seconds for run in loop]
    return report


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None


def _speech() -> AudioChunk:
    registry = Registry()
    voice = create_engine(registry, registry.find(Kind.TTS, "espeak"), {})
    try:
        chunks = [chunk.audio for chunk in voice.speak(SAID, Turn(0))]
    finally:
        voice.close()
    samples = np.concatenate([chunk.samples for chunk in chunks])
    return AudioChunk(samples[: round(SECONDS * chunks[0].rate)], chunks[0].rate)


def _run(way: str, folder: Path) -> _Run:
    """Render one film in a process of its own, whose memory is sampled."""
    program = f"from avatar_app.bench.render_ways import main; main({way!r})"
    environment = os.environ | {DATA_DIR_VARIABLE: str(folder)}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        memory = {False: 0, True: 0}
        watched, ready = psutil.Process(process.pid), folder / READY
        while process.poll() is None:
            try:
                room, prepared = watched.memory_info().rss, ready.exists()
            except psutil.Error:
                break
            memory[prepared] = max(memory[prepared], room)
            time.sleep(_STEP)
        answer, complaint = process.communicate()
    ready.unlink(missing_ok=True)
    if process.returncode:
        raise EngineFailed(f"The way {way} failed: {complaint[-400:]}", "Look at the message.")
    seconds = json.loads(answer.splitlines()[-1])["seconds"]
    return _Run(seconds, memory[True] / 1e6, memory[False] / 1e6)
