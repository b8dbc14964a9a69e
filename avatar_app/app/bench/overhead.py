"""What the pipeline adds to the time of its engines: fakes of known delay, in real time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from avatar_app.app.bench.fakes import (
    FixedDialogue,
    FixedRecognizer,
    FlatFace,
    FlatVoice,
    LevelDetector,
    PassThrough,
)
from avatar_app.app.bench.result import Report
from avatar_app.app.bench.scene import Scene
from avatar_app.core.turn import Turn
from avatar_app.core.values import BLOCK_SECONDS, MICROPHONE_RATE, AudioChunk, Transcript
from avatar_app.pipeline.conversation import Engines
from avatar_app.pipeline.turntaking import Patience

RECOGNIZER, DIALOGUE, VOICE = 0.05, 0.03, 0.02
"""Seconds that the fake engines take to their first, or final, output."""
TARGET_MS = 20.0


@dataclass
class _Watch(LevelDetector):
    """Notes when the last block was heard, in real time."""

    heard_at: float = 0.0

    def probability(self, block: AudioChunk) -> float:
        self.heard_at = time.perf_counter()
        return super().probability(block)


@dataclass
class _TimedRecognizer(FixedRecognizer):
    """Notes when the block was heard that ended the utterance, in real time."""

    watch: _Watch = field(default_factory=_Watch)
    ended_at: float = 0.0

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        return super().transcribe(self._noting(audio), turn)

    def _noting(self, audio: Iterator[AudioChunk]) -> Iterator[AudioChunk]:
        yield from audio
        self.ended_at = self.watch.heard_at


def measure_overhead(report: Report, turns: int) -> None:
    """Real time from the block that ends the turn to the first sound, less the engines' own."""
    recognizer = _TimedRecognizer()
    engines = Engines(
        PassThrough(),
        recognizer.watch,
        recognizer,
        FixedDialogue(seconds=DIALOGUE),
        FlatVoice(seconds=VOICE),
        FlatFace(),
    )
    patience = Patience()
    unprepared = replace(patience, prepare_after=patience.end_after)
    rng = np.random.default_rng(5)
    overheads: list[float] = []
    with Scene(engines, unprepared, pace=BLOCK_SECONDS, output_latency=0.0) as scene:
        for _ in range(turns):
            # Not in step with the blocks: else every wait for the next block would be alike.
            recognizer.seconds = RECOGNIZER + rng.uniform(0.0, BLOCK_SECONDS)
            own = recognizer.seconds + DIALOGUE + VOICE
            overheads += [(seconds - own) * 1000 for seconds in _one_turn(scene, recognizer)]
    report.add_percentiles("overhead", overheads, "ms", p50=None, p95=TARGET_MS)
    report.add("overhead_turns", len(overheads), "", least=turns)


def _one_turn(scene: Scene, recognizer: _TimedRecognizer) -> list[float]:
    """Seconds of real time from the end of the turn to the first sound of the answer."""
    before = len(scene.ended)
    scene.play(np.full(round(0.6 * MICROPHONE_RATE), 0.1, np.float32))
    answered: list[float] = []

    def sounded() -> bool:
        if scene.moments[-1].played.any():
            answered.append(time.perf_counter() - recognizer.ended_at)
        return bool(answered)

    scene.pass_until(sounded, 3.0)
    scene.pass_until(lambda: len(scene.ended) > before, 3.0)
    return answered
