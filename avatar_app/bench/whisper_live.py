"""Whisper in real time: frequency of partial texts, and latency of the final one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from avatar_app.bench.progress import show_steps
from avatar_app.bench.said_clips import SaidClip
from avatar_app.bench.scripted.engines import wait
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    BLOCK_SECONDS,
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    AudioChunk,
    Samples,
)
from avatar_app.engines.asr.whisper.decoding import Decoder
from avatar_app.engines.asr.whisper.engine import WhisperRecognizer
from avatar_app.engines.asr.whisper.hypothesis import DecodingOptions, Hypothesis
from avatar_app.session.offline.simulated_user import in_room, silence, voiced_span

PAUSE = 0.25
"""Seconds of silence after the voice when the conversation wants the final text."""


class LiveSound(Iterator[AudioChunk]):
    """A sound delivered block by block like a microphone: a `core.engines.LiveAudio`."""

    def __init__(self, samples: Samples) -> None:
        self._samples, self._next = samples, 0
        self.began = time.perf_counter()

    def __next__(self) -> AudioChunk:
        start = self._next * MICROPHONE_BLOCK
        wait(max(0.0, self._due - time.perf_counter()))
        if start + MICROPHONE_BLOCK > len(self._samples):
            raise StopIteration
        self._next += 1
        return AudioChunk(self._samples[start : start + MICROPHONE_BLOCK], MICROPHONE_RATE, start)

    @property
    def ready(self) -> bool:
        return time.perf_counter() >= self._due

    @property
    def _due(self) -> float:
        return self.began + (self._next + 1) * BLOCK_SECONDS


class _TimedDecoder(Decoder):
    """Records when it was called, and how long it took."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.partial: list[tuple[float, float]] = []
        """When each partial text was begun and done, by the performance counter."""
        self.dropped = 0
        """Partial texts that were dropped in favor of a final one."""
        self.final_done = 0.0

    def decode(
        self,
        samples: Samples,
        options: DecodingOptions,
        *,
        final: bool,
        is_stale: Callable[[], bool] = lambda: False,
    ) -> Hypothesis | None:
        began = time.perf_counter()
        found = super().decode(samples, options, final=final, is_stale=is_stale)
        done = time.perf_counter()
        if found is None:
            self.dropped += not final
        elif final:
            self.final_done = done
        else:
            self.partial.append((began, done))
        return found


@dataclass
class LiveFigures:
    """Figures of all clips, with one number of threads."""

    every: list[float] = field(default_factory=list)
    """Seconds between partial texts."""
    took: list[float] = field(default_factory=list)
    """Milliseconds of a partial text."""
    final: list[float] = field(default_factory=list)
    """Milliseconds from the voice's end to the final text."""
    dropped: int = 0
    processor: float = 0.0
    """Seconds of processor time."""
    seconds: float = 0.0
    """Of sound."""


def hear_live(recognizer: WhisperRecognizer, clips: list[SaidClip], title: str) -> LiveFigures:
    """Play the clips to the recognizer, in real time."""
    figures = LiveFigures()
    decoder = recognizer.decoder
    assert decoder is not None, "it was closed"
    rng = np.random.default_rng(5)
    for clip in show_steps(title, clips):
        _, end = voiced_span(clip.samples)
        voice = clip.samples[: round(end * MICROPHONE_RATE)]
        sound = LiveSound(in_room(np.concatenate([voice, silence(PAUSE)]), rng))
        looks = recognizer.decoder = _TimedDecoder(decoder.model)
        began = time.process_time()
        deque(recognizer.transcribe(sound, Turn(len(figures.final))), maxlen=0)
        figures.processor += time.process_time() - began
        figures.seconds += len(voice) / MICROPHONE_RATE + PAUSE
        figures.final.append((looks.final_done - sound.began - end) * 1000)
        figures.took += [(done - asked) * 1000 for asked, done in looks.partial]
        starts = [asked for asked, _ in looks.partial]
        figures.every += list(np.diff(starts))
        figures.dropped += looks.dropped
    return figures
