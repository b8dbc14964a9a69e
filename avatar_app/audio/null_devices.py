"""Stand-ins for a missing microphone and loudspeaker: time still passes, in blocks of 10 ms."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import numpy as np

from avatar_app.audio.clock import Clock, MonotonicClock, beats
from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import (
    BLOCK_SECONDS,
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    PLAYBACK_BLOCK,
    PLAYBACK_RATE,
    AudioChunk,
    Samples,
)
from avatar_app.media.sound_reader import SoundWriter

Pull = Callable[[int, float], Samples]
"""(frames, dac_at) -> float32 of shape (frames,): what leaves the loudspeaker at `dac_at`."""
OnBlock = Callable[[AudioChunk, float], None]
"""(block, adc_at)."""
OnNotice = Callable[[str, str], None]
"""(one sentence, hint)."""
TOGETHER = 16
"""Blocks of a microphone that come at once while it is quiet."""


def nothing_is_quiet() -> float:
    """The quiet power of a listener to whom each block counts."""
    return 0.0


class Pacer:
    """Calls `beat(at, blocks)` as blocks of time pass, from `start` to `close`, on a thread.

    `together()` is asked how many blocks may pass until the next call.
    """

    def __init__(
        self,
        beat: Callable[[float, int], None],
        together: Callable[[], int],
        clock: Clock | None = None,
    ) -> None:
        self._beat = beat
        self._together = together
        self._clock = clock or MonotonicClock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="pacer", daemon=True)
            self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        for at, blocks in beats(self._clock, BLOCK_SECONDS, self._stop, self._together):
            self._beat(at, blocks)


class NullDevice:
    """Common base of null devices: a pacer, and the attributes of a device."""

    name: str | None = None
    latency = 0.0
    alive = False

    def __init__(self, clock: Clock | None = None) -> None:
        self._pacer = Pacer(self.beat, self.together, clock)

    def beat(self, at: float, blocks: int) -> None:
        """So many blocks of time have passed; the first began at `at`."""
        raise NotImplementedError

    def together(self) -> int:
        """Blocks that may come at once."""
        return 1

    def need(self, *, needed: bool) -> None:
        """Whether what it plays is needed; a microphone always is."""

    def use(self, device: str | None) -> None:
        """Ignore the request: a null device cannot change to another device."""

    def start(self) -> None:
        self._pacer.start()

    def close(self) -> None:
        self._pacer.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SilentMicrophone(NullDevice):
    """Delivers silence, TOGETHER blocks at once while `quiet_power()` is more than 0."""

    def __init__(
        self,
        on_block: OnBlock,
        clock: Clock | None = None,
        quiet_power: Callable[[], float] = nothing_is_quiet,
    ) -> None:
        super().__init__(clock)
        self._on_block = on_block
        self._quiet_power = quiet_power
        self._start = 0

    def together(self) -> int:
        return TOGETHER if self._quiet_power() else 1

    def beat(self, at: float, blocks: int) -> None:
        silence = np.zeros(blocks * MICROPHONE_BLOCK, np.float32)
        self._on_block(AudioChunk(silence, MICROPHONE_RATE, self._start), at)
        self._start += len(silence)


class SilentSpeaker(NullDevice):
    """Pulls the sound and discards it."""

    def __init__(self, pull: Pull, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._pull = pull

    def beat(self, at: float, blocks: int) -> None:
        self._pull(blocks * PLAYBACK_BLOCK, at)

    def need(self, *, needed: bool) -> None:
        (self.start if needed else self.close)()


class FileSpeaker(NullDevice):
    """Writes the sound to a WAV file, in real time."""

    def __init__(
        self, path: str | Path, pull: Pull, on_notice: OnNotice, clock: Clock | None = None
    ) -> None:
        super().__init__(clock)
        self.name = str(path)
        self._pull = pull
        self._on_notice = on_notice
        self._writer: SoundWriter | None = None
        self._path = Path(path)

    @property
    def alive(self) -> bool:  # type: ignore[override]
        return self._writer is not None

    def start(self) -> None:
        try:
            self._writer = SoundWriter(self._path, PLAYBACK_RATE)
        except InputInvalid as problem:
            self._on_notice(problem.message, problem.hint)
        super().start()

    def beat(self, at: float, blocks: int) -> None:
        samples = self._pull(blocks * PLAYBACK_BLOCK, at)
        if self._writer is not None:
            self._write(self._writer, samples)

    def close(self) -> None:
        super().close()
        self._end_file()

    def _write(self, writer: SoundWriter, samples: Samples) -> None:
        try:
            writer.write(samples)
        except InputInvalid as problem:
            self._end_file()
            self._on_notice(problem.message, problem.hint)

    def _end_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
