"""Plays and records through the devices of a running conversation, for device checks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.jobs import Job
from avatar_app.core.values import (
    BLOCK_SECONDS,
    MICROPHONE_BLOCK,
    PLAYBACK_RATE,
    AudioChunk,
    Samples,
)
from avatar_app.pipeline.input.audio_frontend import level_db
from avatar_app.pipeline.output.playback import PlayedBlock
from avatar_app.session.checks.echo import HeardBlock

PATIENCE = 5.0
"""Seconds without a block after which a device hangs."""
_LOOK = 0.05
"""Seconds between two looks at whether the check was cancelled."""
_LEVEL_EVERY = 5
"""Blocks between two reports of the level."""


class Listening:
    """Hands on what the microphone hears, in blocks of 10 ms, and plays silence; a `Borrower`."""

    def __init__(self, on_block: Callable[[AudioChunk, float], None]) -> None:
        self._on_block = on_block

    def hear(self, chunk: AudioChunk, adc_at: float) -> None:
        for begin in range(0, len(chunk.samples), MICROPHONE_BLOCK):
            block = chunk.samples[begin : begin + MICROPHONE_BLOCK].copy()
            start = chunk.start + begin
            self._on_block(AudioChunk(block, chunk.rate, start), adc_at + begin / chunk.rate)

    def read(self, count: int, _dac_at: float) -> Samples:
        return np.zeros(count, np.float32)


class DeviceCheck:
    """Plays `sound` (float32, 48 kHz) once, and keeps `blocks` of what is heard; a `Borrower`.

    `watch(dB, fraction)` is called, from the microphone's thread, with the level and how much has
    been heard of what is wanted. `follow(seconds, at)`, from the loudspeaker's: when how much of
    the sound will have been heard.
    """

    def __init__(
        self,
        sound: Samples | None = None,
        blocks: int = 0,
        watch: Callable[[float, float], None] | None = None,
        follow: Callable[[float, float], None] | None = None,
    ) -> None:
        self._sound = np.zeros(0, np.float32) if sound is None else sound
        self._wanted, self._watch, self._follow = blocks, watch, follow
        self._position = 0
        self._changed = threading.Condition()
        self._played: list[PlayedBlock] = []
        self._signs = 0
        self.heard: list[HeardBlock] = []

    def hear(self, chunk: AudioChunk, adc_at: float) -> None:
        """Cut what came together into blocks of 10 ms."""
        with self._changed:
            self._signs += 1
            for begin in range(0, len(chunk.samples), MICROPHONE_BLOCK):
                if len(self.heard) < self._wanted:
                    block = chunk.samples[begin : begin + MICROPHONE_BLOCK]
                    played, self._played = tuple(self._played), []
                    at = adc_at + begin / chunk.rate
                    self.heard.append(HeardBlock(block.copy(), at, played))
            heard = len(self.heard)
            self._changed.notify_all()
        if self._watch is not None and self._wanted and heard % _LEVEL_EVERY == 0:
            self._watch(level_db(chunk.samples), heard / self._wanted)

    def read(self, count: int, dac_at: float) -> Samples:
        """The next piece of the sound, then silence."""
        if self._follow is not None:
            self._follow(self._position / PLAYBACK_RATE, dac_at)
        piece = self._sound[self._position : self._position + count]
        samples = np.pad(piece, (0, count - len(piece)))
        with self._changed:
            self._signs += 1
            self._position += count
            if self._wanted:
                self._played.append(PlayedBlock(samples, dac_at))
            self._changed.notify_all()
        return samples

    def wait_heard(self, job: Job[Any]) -> None:
        """Until all blocks are there; DeviceUnavailable where none comes any more."""
        self._wait(job, lambda: len(self.heard) >= self._wanted, "microphone")

    def wait_played(self, job: Job[Any], latency: float) -> None:
        """Until all of the sound has left the loudspeaker, which holds `latency` seconds back."""
        end = len(self._sound) + round((latency + 0.1) / BLOCK_SECONDS) * 480
        self._wait(job, lambda: self._position >= end, "loudspeaker")

    def samples(self) -> Samples:
        """All that was heard, 16 kHz."""
        blocks = [block.samples for block in self.heard]
        return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)

    def _wait(self, job: Job[Any], done: Callable[[], bool], noun: str) -> None:
        waited, signs = 0.0, -1
        with self._changed:
            while not self._changed.wait_for(done, _LOOK):
                job.check()
                waited = 0.0 if self._signs != signs else waited + _LOOK
                signs = self._signs
                if waited > PATIENCE:
                    raise DeviceUnavailable(f"The {noun} does nothing.", "Plug it in again.")
