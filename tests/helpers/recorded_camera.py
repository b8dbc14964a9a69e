"""A backend of pyvirtualcam that keeps the frames it gets, as a program that looks would."""

from __future__ import annotations

import time
from typing import Any

import numpy as np


class RecordedCamera:
    """Conforms to `pyvirtualcam.camera.Backend`; gone after `lasts` frames."""

    lasts = 10_000_000
    made: list[RecordedCamera]

    def __init__(
        self, *, width: int, height: int, fps: float, fourcc: int, device: str | None, **_: Any
    ) -> None:
        self.shape, self.fps, self.fourcc = (height, width, 3), fps, fourcc
        self.frames: list[np.ndarray] = []
        self.times: list[float] = []
        self.closed = False
        self._device = device or "/dev/video-of-the-test"
        self.made.append(self)

    def send(self, frame: np.ndarray) -> None:
        if len(self.frames) >= self.lasts:
            raise RuntimeError("error writing frame: No such device")
        self.frames.append(frame.reshape(self.shape).copy())
        self.times.append(time.monotonic())

    def device(self) -> str:
        return self._device

    def native_fourcc(self) -> None:
        return None

    def close(self) -> None:
        self.closed = True


def recorded_cameras(monkeypatch: Any, lasts: int = 10_000_000) -> list[RecordedCamera]:
    """Let pyvirtualcam find cameras of this kind only; returns those that are opened."""
    from pyvirtualcam import camera

    class Recorded(RecordedCamera):
        made: list[RecordedCamera] = []  # noqa: RUF012 those of one test

    Recorded.lasts = lasts
    monkeypatch.setattr(camera, "BACKENDS", {"recorded": Recorded})
    return Recorded.made
