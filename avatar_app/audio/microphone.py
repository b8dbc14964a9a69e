"""The microphone: delivers blocks of 10 ms at 16 kHz, from any device."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from avatar_app.audio.backend import BACKEND, AudioBackend
from avatar_app.audio.clock import Clock, MonotonicClock, Timeline
from avatar_app.audio.devices import Direction
from avatar_app.audio.null_devices import (
    TOGETHER,
    OnBlock,
    OnNotice,
    SilentMicrophone,
    nothing_is_quiet,
)
from avatar_app.audio.reconnecting_stream import StreamRole
from avatar_app.audio.sound_device import SoundDevice
from avatar_app.audio.stream import Format, StreamCallback
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.media.downmix import downmix
from avatar_app.media.resample import Resampler

log = logging.getLogger(__name__)

QUEUED_BLOCKS = 500
"""5 s of sound are queued for a listener that is held up; what comes then is lost, and logged."""
STUCK_SECONDS = 2.0

ROLE = StreamRole(Direction.INPUT, "microphone", "You can type.")


_Piece = tuple[bytes, int, float]
"""A callback's data: samples, frames, and when the first was at the ADC."""


class Microphone(SoundDevice):
    """A recording stream that survives its device.

    `on_block(chunk, adc_at)` is called from a thread of the microphone's own with mono float32
    blocks of exactly 160 samples at 16 kHz; `chunk.start` counts samples without a gap, `adc_at` is
    the `time.monotonic()` at which the block's first sample was at the ADC. Blocks with a mean
    power below `quiet_power()`, which is called for each, may be collected, up to TOGETHER of them,
    into one chunk: waking a thread costs more than processing the sound.
    """

    def __init__(
        self,
        device: str | None,
        on_block: OnBlock,
        on_notice: OnNotice,
        card: AudioBackend = BACKEND,
        clock: Clock | None = None,
        quiet_power: Callable[[], float] | None = None,
    ) -> None:
        clock = clock or MonotonicClock()
        self._quiet_power = quiet_power or nothing_is_quiet
        self._blocks = BlockCutter(on_block)
        silent = SilentMicrophone(self._add_silence, clock, self._quiet_power)
        super().__init__(ROLE, device, silent, on_notice, card, clock)

    def _add_silence(self, silence: AudioChunk, at: float) -> None:
        self._blocks.add(silence.samples, at, together=True)

    def _callback(self, form: Format) -> StreamCallback:
        return InputCallback(form, self._blocks, self._quiet_power)


class BlockCutter:
    """Cuts a stream of samples into blocks and counts them, across all devices."""

    def __init__(self, on_block: OnBlock) -> None:
        self._on_block = on_block
        self._rest: Samples = np.zeros(0, np.float32)
        self._start = 0

    def add(self, samples: Samples, at: float, *, together: bool = False) -> None:
        """Add samples. `at`: when the first was at the ADC. `together`: as one chunk."""
        at -= len(self._rest) / MICROPHONE_RATE
        ready = np.concatenate([self._rest, samples])
        whole = len(ready) - len(ready) % MICROPHONE_BLOCK
        step = whole if together and whole else MICROPHONE_BLOCK
        for begin in range(0, whole, step):
            block = AudioChunk(ready[begin : begin + step], MICROPHONE_RATE, self._start)
            self._start += step
            self._on_block(block, at + begin / MICROPHONE_RATE)
        self._rest = ready[whole:]


class InputCallback:
    """Takes one stream's raw blocks from PortAudio's thread and converts them to mono at 16 kHz in
    its own thread."""

    def __init__(
        self,
        form: Format,
        blocks: BlockCutter,
        quiet_power: Callable[[], float] = nothing_is_quiet,
    ) -> None:
        self._form = form
        self._blocks = blocks
        self._quiet_power = quiet_power
        self._waiting: list[_Piece] = []
        self._queue: queue.Queue[list[_Piece] | None] = queue.Queue(QUEUED_BLOCKS)
        self._lost = 0
        self._resampler = Resampler(form.rate, MICROPHONE_RATE)
        self._timeline = Timeline(form.rate)
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def __call__(self, buffer: Any, frames: int, at: float) -> None:
        self._waiting.append((bytes(buffer), frames, at))
        most = self._quiet_power()
        if len(self._waiting) < TOGETHER and most and _mean_power(buffer) < most:
            return
        try:
            self._queue.put_nowait(self._waiting)
        except queue.Full:
            self._lost += sum(frames for _, frames, _ in self._waiting)
        self._waiting = []

    def close(self) -> None:
        """Wait until everything heard was delivered, unless the listener is stuck."""
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=STUCK_SECONDS)
        self._thread.join(STUCK_SECONDS)
        if self._thread.is_alive():
            log.warning("The listener of the microphone is stuck.")
        if self._lost:
            log.info("%d samples of the microphone were lost.", self._lost)

    def _run(self) -> None:
        taken = given = 0  # samples in, samples out
        origin = 0.0
        while (pieces := self._queue.get()) is not None:
            raw = b"".join(piece for piece, _, _ in pieces)
            samples = np.frombuffer(raw, np.float32).reshape(-1, self._form.channels)
            for _, frames, at in pieces:
                # Expressed as the time of the stream's first sample, the placing of later ones is
                # independent of how much the resampler holds back.
                origin = self._timeline.place(frames, at) - taken / self._form.rate
                taken += frames
            sound = self._resampler.process(downmix(samples))
            self._blocks.add(sound, origin + given / MICROPHONE_RATE, together=len(pieces) > 1)
            given += len(sound)


def _mean_power(buffer: Any) -> float:
    """Return the power of all channels: at least as much as that of their mean."""
    return float(np.square(np.frombuffer(buffer, np.float32)).mean())
