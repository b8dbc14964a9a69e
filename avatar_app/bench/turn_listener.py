"""Records when turn detection considers a turn finished, for `bench turn-end`."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass

import numpy as np

from avatar_app.bench.scene import load_chosen, turn_detection_options
from avatar_app.bench.turn_replay import UNDERSTOOD
from avatar_app.core.engines import EndOfTurnDetector
from avatar_app.core.manifest import Kind
from avatar_app.core.values import (
    BLOCK_SECONDS,
    END_OF_TURN_SECONDS,
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    AudioChunk,
    Samples,
)
from avatar_app.pipeline.input.audio_frontend import AudioFrontend
from avatar_app.pipeline.input.turn_detection import Decision, TurnDetector
from avatar_app.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Judged:
    """One question to the detector of ends."""

    at: float
    """Second of the sound at which it was asked."""
    probability: float
    seconds: float
    """Of processor time."""


class TurnListener:
    """Time is that of the sound; the detector's answer comes as much later as it took processor
    time. To be closed."""

    def __init__(self, settings: Settings, detector: EndOfTurnDetector | None = None) -> None:
        self.judged: list[Judged] = []
        self._detector = detector
        self._frontend = AudioFrontend(
            load_chosen(settings, Kind.AEC), load_chosen(settings, Kind.VAD), 0.5
        )
        self._turns = TurnDetector(turn_detection_options(settings))
        self._sound: deque[Samples] = deque(maxlen=round(END_OF_TURN_SECONDS / BLOCK_SECONDS))

    def close(self) -> None:
        self._frontend.echo.close()
        self._frontend.detector.close()

    def ends(self, samples: Samples) -> list[float]:
        """Seconds at which the user was thought to have ended."""
        return [at for decision, at in self.decisions(samples) if decision is Decision.ENDED]

    def decisions(self, samples: Samples) -> list[tuple[Decision, float]]:
        """What is concluded, and at which second of `samples` (16 kHz)."""
        found = []
        answer_at = math.inf
        for index in range(len(samples) // MICROPHONE_BLOCK):
            now = (index + 1) * BLOCK_SECONDS
            block = samples[index * MICROPHONE_BLOCK : (index + 1) * MICROPHONE_BLOCK]
            chunk = AudioChunk(block, MICROPHONE_RATE, index * MICROPHONE_BLOCK)
            heard = self._frontend.hear(chunk, index * BLOCK_SECONDS, [])
            if now >= answer_at:
                self._turns.judge(self.judged[-1].probability)
                answer_at = math.inf
            decision = self._turns.observe(heard.probability, avatar_speaking=False)
            if decision is Decision.STARTED:
                self._sound.clear()
                self._sound.extend(each.samples for each in self._frontend.prefix_padding()[:-1])
            self._sound.append(heard.chunk.samples)
            if decision is Decision.PAUSED:
                answer_at = self._ask(now)
            elif decision is not None:
                answer_at = math.inf
            if decision is not None:
                found.append((decision, now))
        return found

    def _ask(self, now: float) -> float:
        """The second at which the answer is there."""
        self._turns.hint(UNDERSTOOD, is_complete=True)
        if self._detector is None:
            return math.inf
        began = time.thread_time()
        probability = self._detector.probability(
            AudioChunk(np.concatenate(list(self._sound)), MICROPHONE_RATE)
        )
        took = time.thread_time() - began
        self.judged.append(Judged(now, probability, took))
        return now + took
