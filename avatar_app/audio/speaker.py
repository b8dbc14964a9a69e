"""The loudspeaker: plays blocks of 10 ms and reports when each leaves the device."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from avatar_app.audio.backend import BACKEND, AudioBackend
from avatar_app.audio.clock import Clock, MonotonicClock, Timeline
from avatar_app.audio.devices import Direction
from avatar_app.audio.null_devices import OnNotice, Pull, SilentSpeaker
from avatar_app.audio.reconnecting_stream import StreamRole
from avatar_app.audio.sound_device import SoundDevice
from avatar_app.audio.stream import Format, StreamCallback
from avatar_app.core.values import PLAYBACK_BLOCK, PLAYBACK_RATE, Samples
from avatar_app.media.resample import Resampler

AHEAD_SECONDS = 0.03
"""Sound buffered for a device of another rate: the feeding thread may be as late as this."""

ROLE = StreamRole(Direction.OUTPUT, "loudspeaker", "You can read the answers.")


class Loudspeaker(SoundDevice):
    """A playback stream that survives its device.

    `pull(480, dac_at)` returns float32 of shape (480,), mono at 48 kHz, and is called for
    each block of 10 ms from PortAudio's thread (a feeder's, where the device has another
    rate): it may only copy. `dac_at` is the `time.monotonic()` at which the block's first
    sample leaves the DAC.
    """

    def __init__(
        self,
        device: str | None,
        pull: Pull,
        on_notice: OnNotice,
        card: AudioBackend = BACKEND,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or MonotonicClock()
        self._pull = pull
        super().__init__(ROLE, device, SilentSpeaker(pull, clock), on_notice, card, clock)

    def need(self, *, needed: bool) -> None:
        """Set whether anything is to be played now or soon: if not, the device sleeps, and `pull`
        is not called. It plays again some milliseconds after it is needed."""
        if needed != self._stream.needed:
            self._stream.needed = needed
            self._stream.wake.set()

    def _callback(self, form: Format) -> StreamCallback:
        if form.rate == PLAYBACK_RATE:
            return OutputCallback(form, self._pull)
        return ResamplingOutput(form, self._pull)


class OutputCallback:
    """Copies from `pull` into the buffer of a device that runs at 48 kHz."""

    def __init__(self, form: Format, pull: Pull) -> None:
        self._form = form
        self._pull = pull
        self._timeline = Timeline(form.rate)

    def __call__(self, buffer: Any, frames: int, at: float) -> None:
        spread(self._pull(frames, self._timeline.place(frames, at)), buffer, self._form)

    def close(self) -> None:
        """Nothing to release."""


class ResamplingOutput:
    """Buffers a little sound for a device of another rate; the callback copies it."""

    def __init__(self, form: Format, pull: Pull) -> None:
        self._form = form
        self._pull = pull
        self._resampler = Resampler(PLAYBACK_RATE, form.rate)
        self._timeline = Timeline(form.rate)
        self._lock = threading.Lock()
        self._ready: Samples = np.zeros(0, np.float32)
        self._next_at = 0.0  # when the sample after the last ready one leaves the DAC
        self._held = 0.0  # seconds that were pulled and are still in the resampler
        self._hungry = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._feed, name="feeder", daemon=True)
        self._thread.start()

    def __call__(self, buffer: Any, frames: int, at: float) -> None:
        with self._lock:
            piece, self._ready = self._ready[:frames], self._ready[frames:]
            begin = self._timeline.place(frames, at)
            self._next_at = begin + (frames + len(self._ready)) / self._form.rate
        self._hungry.set()
        spread(np.pad(piece, (0, frames - len(piece))), buffer, self._form)

    def close(self) -> None:
        self._closed = True
        self._hungry.set()
        self._thread.join()

    def _feed(self) -> None:
        while self._hungry.wait() and not self._closed:
            self._hungry.clear()
            while len(self._ready) < AHEAD_SECONDS * self._form.rate:
                self._add_block()

    def _add_block(self) -> None:
        sound = self._resampler.process(self._pull(PLAYBACK_BLOCK, self._next_at + self._held))
        self._held += PLAYBACK_BLOCK / PLAYBACK_RATE - len(sound) / self._form.rate
        with self._lock:
            self._ready = np.concatenate([self._ready, sound])
            self._next_at += len(sound) / self._form.rate


def spread(samples: Samples, buffer: Any, form: Format) -> None:
    """Copy mono into the first two channels of an interleaved buffer, silence into further ones."""
    view = np.frombuffer(buffer, np.float32).reshape(-1, form.channels)
    view[:, 2:] = 0.0
    view[:, :2] = samples[:, None]
