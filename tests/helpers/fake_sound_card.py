"""A clock, an audio backend and a PortAudio controlled by the test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from avatar_app.audio.devices import Device, Direction
from avatar_app.audio.stream import CallbackFactory
from avatar_app.core.errors import DeviceUnavailable


class ManualClock:
    """Passes time when it is waited for, up to `end`; then every wait ends."""

    def __init__(self, end: float = float("inf")) -> None:
        self.time = 0.0
        self.end = end
        self.ended = threading.Event()

    def now(self) -> float:
        return self.time

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if self.time + seconds > self.end:
            self.ended.set()
            return True
        self.time += max(0.0, seconds)
        return event.is_set()


class FakeStream:
    def __init__(self, device: Device) -> None:
        self.device = device
        self.latency = 0.06
        self.alive = True
        self.recalled = False
        self.closed = False
        self.needed = True

    def need(self, *, needed: bool) -> None:
        self.needed = needed

    def close(self) -> None:
        self.closed = True
        self.alive = False


class FakeBackend:
    """`plugged` is what is there; PortAudio learns of it at a refresh."""

    def __init__(self, *plugged: Device) -> None:
        self.plugged = list(plugged)
        self.busy: set[Device] = set()
        self.missing = False
        self.refreshes = 0
        self.looks = 0
        self._known = list(plugged)

    def known(self) -> list[Device]:
        if self.missing:
            raise DeviceUnavailable("PortAudio is missing.", "Install it.")
        return list(self._known)

    def present(self) -> list[Device]:
        self.looks += 1
        self.known()
        return list(self.plugged)

    def refresh(self) -> None:
        self.refreshes += 1
        self._known = list(self.plugged)

    def open(self, device: Device, _direction: Direction, _plug: CallbackFactory) -> FakeStream:
        if device in self.busy or device not in self._known or device not in self.plugged:
            raise DeviceUnavailable(f"{device.name} cannot be opened.", "It may be busy.")
        return FakeStream(device)


class FakePortAudio:
    """Offers one device that accepts one rate and some numbers of channels only."""

    class PortAudioError(Exception):
        pass

    def __init__(self, rate: int, channels: tuple[int, ...]) -> None:
        self.rate = rate
        self.channels = channels
        self.streams: list[FakeRawStream] = []
        self.hang = threading.Event()
        self.hang.set()
        self.RawInputStream = self.RawOutputStream = self._open

    def query_devices(self, _index: int) -> dict[str, Any]:
        return {"default_samplerate": float(self.rate)}

    def _open(self, **options: Any) -> FakeRawStream:
        if options["samplerate"] != self.rate or options["channels"] not in self.channels:
            raise self.PortAudioError("Invalid sample rate or number of channels")
        self.streams.append(FakeRawStream(options, self.hang))
        return self.streams[-1]


class FakeRawStream:
    latency = 0.06

    def __init__(self, options: dict[str, Any], hang: threading.Event) -> None:
        self.frames: int = options["blocksize"]
        self.channels: int = options["channels"]
        self.callback: Callable[..., None] = options["callback"]
        self.finish: Callable[[], None] = options["finished_callback"]
        self.hang = hang
        self.closed = False
        self.running = self.gone = False

    def start(self) -> None:
        """A test calls the callback itself."""
        if self.gone:
            raise FakePortAudio.PortAudioError("Device unavailable")
        self.running = True

    def stop(self) -> None:
        self.running = False
        self.finish()

    def ask(self, now: float = 100.0) -> np.ndarray:
        """What a loudspeaker gets in one callback: shape (frames, channels)."""
        buffer = np.full((self.frames, self.channels), 9.0, np.float32)
        times = SimpleNamespace(outputBufferDacTime=now + 0.04, currentTime=now)
        self.callback(memoryview(buffer).cast("B"), self.frames, times, None)
        return buffer

    def tell(self, samples: np.ndarray, now: float = 100.0) -> None:
        """What a microphone hears in one callback: shape (frames, channels)."""
        times = SimpleNamespace(inputBufferAdcTime=now - 0.02, currentTime=now)
        raw = memoryview(np.ascontiguousarray(samples, np.float32)).cast("B")
        self.callback(raw, len(samples), times, None)

    def abort(self) -> None:
        self.hang.wait()

    def close(self) -> None:
        self.closed = True
