"""Pipeline overhead: latency beyond that of the engines, with fakes of known delay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from avatar_app.bench.result import Report
from avatar_app.bench.scene import Scene
from avatar_app.bench.scripted.engines import (
    FlatFace,
    FlatVoice,
    LevelDetector,
    PassThrough,
    ScriptedDialogue,
    ScriptedRecognizer,
    noisy_voice,
    wait,
)
from avatar_app.core.turn import Turn
from avatar_app.core.values import BLOCK_SECONDS, MICROPHONE_BLOCK, AudioChunk, Transcript
from avatar_app.pipeline.conversation import Engines
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions

RECOGNIZER, DIALOGUE, VOICE = 0.05, 0.03, 0.02
"""Seconds of the fake engines to their first, or final, output."""
TARGET_MS = 20.0
LONGEST = 3.0
"""Timeout for an answer in seconds."""
VOICED = 0.3
"""Seconds of the user's speech."""
PAUSE = 0.2
"""Seconds of silence that end a turn here, so that nothing is prepared ahead and no time is
lost."""


@dataclass
class _Watch(LevelDetector):
    """Records when the last block was heard, in real time."""

    heard_at: float = 0.0

    def probability(self, block: AudioChunk) -> float:
        self.heard_at = time.perf_counter()
        return super().probability(block)


@dataclass
class _TimedRecognizer(ScriptedRecognizer):
    """Records when the block was heard that ended the utterance, in real time."""

    watch: _Watch = field(default_factory=_Watch)
    ended_at: float = 0.0

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        return super().transcribe(self._noting(audio), turn)

    def _noting(self, audio: Iterator[AudioChunk]) -> Iterator[AudioChunk]:
        yield from audio
        self.ended_at = self.watch.heard_at


class _Beat:
    """Sends blocks every 10 ms of real time, whether or not anything is to be done."""

    def __init__(self) -> None:
        self._next = time.perf_counter()

    def wait(self) -> None:
        now = time.perf_counter()
        self._next = max(self._next + BLOCK_SECONDS, now)
        wait(self._next - now)


def measure_overhead(report: Report, turns: int) -> None:
    """Measure the real time from the block that ends the turn to the first sound, less the engines'
    own."""
    recognizer = _TimedRecognizer()
    engines = Engines(
        PassThrough(),
        recognizer.watch,
        recognizer,
        ScriptedDialogue("Yes.", DIALOGUE),
        FlatVoice(seconds=VOICE),
        FlatFace(),
    )
    unprepared = TurnDetectionOptions(
        preemptive_generation_delay=PAUSE, min_endpointing_delay=PAUSE, max_endpointing_delay=PAUSE
    )
    rng = np.random.default_rng(5)
    overheads: list[float] = []
    with Scene(engines, unprepared, pace=BLOCK_SECONDS, output_latency=0.0) as scene:
        for _ in range(turns):
            # not in step with the blocks, or every wait for the next block would be equal
            recognizer.seconds = RECOGNIZER + rng.uniform(0.0, BLOCK_SECONDS)
            own = recognizer.seconds + DIALOGUE + VOICE
            overheads += [(seconds - own) * 1000 for seconds in _one_turn(scene, recognizer)]
    report.add_percentiles("overhead", overheads, "ms", p50=None, p95=TARGET_MS)
    report.add("overhead_turns", len(overheads), "", least=turns)


def _one_turn(scene: Scene, recognizer: _TimedRecognizer) -> list[float]:
    """Return the seconds of real time from the end of the turn to the first sound of the answer."""
    before = len(scene.ended)
    beat = _Beat()
    voice = noisy_voice(VOICED, np.random.default_rng(before))
    for block in voice.reshape(-1, MICROPHONE_BLOCK):
        scene.step(block)
        beat.wait()
    sounded_at: list[float] = []
    for _ in range(round(LONGEST / BLOCK_SECONDS)):
        began = time.perf_counter()  # a step begins with what the loudspeaker takes
        if scene.step().played.any() and not sounded_at:
            sounded_at.append(began)
        if len(scene.ended) > before:
            break
        beat.wait()
    return [at - recognizer.ended_at for at in sounded_at]
