"""A PortAudio stream that detects when it is dead and whose closing never hangs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

from avatar_app.audio.clock import Clock, StreamClock
from avatar_app.audio.devices import Device, Direction
from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import PLAYBACK_RATE

DEVICE_BUFFER_SECONDS = 0.06
"""Long enough for a callback that waits for the interpreter, short enough for an interruption."""
BLOCKS_PER_SECOND = 100
SILENT_SECONDS = 0.5
"""A stream whose callback does not come for so long is dead."""
FIRST_SECONDS = 4.0
"""A device that wakes up (Bluetooth, an idle sound server) fills its buffer and may then pause."""
CLOSE_SECONDS = 2.0
"""PortAudio can hang forever when closing a stream whose device vanished as it was opened."""
PLAUSIBLE_SECONDS = 2.0
"""Some hosts report no times: an offset larger than this is invalid."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Format:
    """The format of a stream's blocks: float32, interleaved."""

    rate: int
    channels: int


class StreamCallback(Protocol):
    """What a stream is connected to; called from PortAudio's thread, so it only copies."""

    def __call__(self, buffer: Any, frames: int, at: float) -> None:
        """`at`: when the block's first sample was at the ADC, or will leave the DAC, on the
        monotonic clock."""
        ...

    def close(self) -> None: ...


CallbackFactory = Callable[[Format], StreamCallback]
"""Creates the callback for a stream once its format is known."""


class Stream:
    """A PortAudio stream in blocks of 10 ms, running except while it sleeps."""

    def __init__(
        self,
        library: Any,
        index: int,
        device: Device,
        direction: Direction,
        plug: CallbackFactory,
        clock: Clock,
    ) -> None:
        self.device = device
        self.recalled = False
        self.closed = False
        self.stuck = False
        self.asleep = False
        self._library = library
        self._clock = clock
        self._times = StreamClock()
        self._finished = False
        self._opened = self._beat = clock.now()
        self._direction = direction
        self._closing = threading.Lock()
        self._stream, self.format = self._open(library, index)
        self.latency = float(self._stream.latency)
        self._socket = plug(self.format)
        self._start()

    @property
    def alive(self) -> bool:
        """Whether blocks still come."""
        if self.asleep:
            return not self.closed
        if self._finished or self.closed:
            return False
        now = self._clock.now()
        return now - self._beat < SILENT_SECONDS or now - self._opened < FIRST_SECONDS

    def need(self, *, needed: bool) -> None:
        """Sleep while no blocks are needed, which saves work of this process and the device. Blocks
        come again some milliseconds after they are needed, or the stream is dead."""
        if self.closed or needed != self.asleep:
            return
        self.asleep = not needed
        self._finished = False
        self._opened = self._beat = self._clock.now()
        try:
            (self._stream.start if needed else self._stream.stop)()
        except self._library.PortAudioError as problem:
            log.info("%s: %s", self.device.name, problem)
            self.asleep, self._finished = False, True

    def recall(self) -> None:
        """Close the stream for a refresh; its owner opens another."""
        self.recalled = self.alive
        self.close()

    def close(self) -> None:
        """End the stream, within CLOSE_SECONDS. Closing twice is harmless."""
        with self._closing:
            if self.closed:
                return
            self.closed = True
            ender = threading.Thread(target=self._end_stream, name="line-end", daemon=True)
            ender.start()
            ender.join(CLOSE_SECONDS)
            self.stuck = ender.is_alive()
            if self.stuck:
                log.warning("The stream of %s cannot be closed.", self.device.name)
            self._socket.close()

    def _open(self, library: Any, index: int) -> tuple[Any, Format]:
        entry = library.query_devices(index)
        problem: Exception | None = None
        for form in _formats(entry, self.device.channels(self._direction)):
            try:
                return self._new_stream(library, index, form), form
            except library.PortAudioError as refusal:
                problem = refusal
        raise self._unavailable() from problem

    def _new_stream(self, library: Any, index: int, form: Format) -> Any:
        recording = self._direction is Direction.INPUT
        kind = library.RawInputStream if recording else library.RawOutputStream
        return kind(
            device=index,
            samplerate=form.rate,
            channels=form.channels,
            dtype="float32",
            blocksize=form.rate // BLOCKS_PER_SECOND,
            latency=DEVICE_BUFFER_SECONDS,
            callback=self._heard if recording else self._asked,
            finished_callback=self._end,
        )

    def _start(self) -> None:
        try:
            self._stream.start()
        except self._library.PortAudioError as problem:
            self.close()
            raise self._unavailable() from problem

    def _unavailable(self) -> DeviceUnavailable:
        return DeviceUnavailable(
            f"{self.device.name} cannot be opened.", "Another program may be using it."
        )

    def _heard(self, buffer: Any, frames: int, times: Any, _flags: Any) -> None:
        self._pass_on(buffer, frames, times.inputBufferAdcTime, times.currentTime, -self.latency)

    def _asked(self, buffer: Any, frames: int, times: Any, _flags: Any) -> None:
        self._pass_on(buffer, frames, times.outputBufferDacTime, times.currentTime, self.latency)

    def _pass_on(
        self, buffer: Any, frames: int, event: float, current: float, latency: float
    ) -> None:
        self._beat = now = self._clock.now()
        if not (event > 0 and current > 0 and abs(event - current) < PLAUSIBLE_SECONDS):
            event, current = now + latency, now  # the host reports no times
        self._socket(buffer, frames, self._times.translate(event, current, now))

    def _end(self) -> None:
        self._finished = True

    def _end_stream(self) -> None:
        self._stream.abort()
        self._stream.close()


def _formats(entry: Any, most: int) -> list[Format]:
    """Yield the formats to request from a device, best first: many accept neither every rate nor
    mono."""
    rates = dict.fromkeys((PLAYBACK_RATE, int(entry["default_samplerate"])))
    channels = dict.fromkeys((1, min(2, most), most))
    return [Format(rate, number) for rate, number in product(rates, channels)]
