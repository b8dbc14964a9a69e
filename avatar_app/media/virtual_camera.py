"""A virtual camera: other programs see the frames that are on show, at the pace of the sound.

By pyvirtualcam (https://github.com/letmaik/pyvirtualcam): v4l2loopback on Linux, the camera of OBS
Studio on macOS and Windows.
"""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import Image, VideoFrame
from avatar_app.system.packages import install_command

WIDTH, HEIGHT, FPS = 1280, 720, 25.0
"""What programs for video calls expect."""
_HINTS = {
    "Linux": "Type: sudo apt install v4l2loopback-dkms && "
    "sudo modprobe v4l2loopback exclusive_caps=1 card_label=Avatar",
}
_OBS = "Install OBS Studio and start its virtual camera once, then switch this on again."


class FrameSink(Protocol):
    """Where frames go; pyvirtualcam.Camera is one."""

    def send(self, frame: Image) -> None:
        """Show a frame, RGB of shape (HEIGHT, WIDTH, 3). Raises RuntimeError or OSError where the
        camera is gone."""

    def close(self) -> None:
        """Release the camera."""


def open_camera() -> FrameSink:
    """Open the first virtual camera. Raises DeviceUnavailable with the remedy of this platform."""
    try:
        import pyvirtualcam
    except ImportError as error:
        raise DeviceUnavailable(
            "A virtual camera needs pyvirtualcam, which is not installed.",
            f"Type: {install_command(['pyvirtualcam'], 'camera')}",
        ) from error
    try:
        camera: FrameSink = pyvirtualcam.Camera(WIDTH, HEIGHT, FPS)
    except RuntimeError as error:
        raise DeviceUnavailable(
            "No virtual camera was found.", _HINTS.get(platform.system(), _OBS)
        ) from error
    return camera


class VirtualCamera:
    """Sends the frame on show 25 times a second, in a thread, until `close`."""

    def __init__(
        self,
        frame: Callable[[], VideoFrame | None],
        lost: Callable[[DeviceUnavailable], None],
        open_sink: Callable[[], FrameSink] = open_camera,
    ) -> None:
        """`frame` returns what is to be seen while the present sound is heard; None before the
        first. `lost` is called once, from the thread, where the camera ends by itself. Raises
        DeviceUnavailable."""
        self._frame, self._lost = frame, lost
        self._sink = open_sink()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="virtual camera", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        due, shown, image = time.monotonic(), None, np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        try:
            while not self._stopped.wait(max(0.0, due - time.monotonic())):
                due = max(due, time.monotonic() - 1.0) + 1 / FPS  # a second late is not made up for
                frame = self._frame()
                if frame is not None and frame is not shown:
                    shown, image = frame, fitted(frame.image)
                self._sink.send(image)
        except (RuntimeError, OSError) as error:
            self._lost(DeviceUnavailable("The virtual camera is gone.", f"It said: {error}"))
        finally:
            self._sink.close()


def fitted(image: Image) -> Image:
    """Return a picture as large as the camera's, whole and in its middle, on black."""
    height, width = image.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = image if size == (width, height) else cv2.resize(image, size, interpolation=way)
    if size == (WIDTH, HEIGHT):
        return np.ascontiguousarray(scaled)
    whole = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    top, left = (HEIGHT - size[1]) // 2, (WIDTH - size[0]) // 2
    whole[top : top + size[1], left : left + size[0]] = scaled
    return whole
