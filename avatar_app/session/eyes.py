"""Eyes: one picture of the camera, the screen or a window, when it is wanted; a light shows it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import numpy as np

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.events import Event, LookingChanged
from avatar_app.core.home import expanded
from avatar_app.core.prompt import PicturePart
from avatar_app.core.values import Image
from avatar_app.system.open_windows.looking import window_picture

WIDTH = 512
"""Pixels: what small models take as one piece."""
SCREEN_WIDTH = 1024
"""Pixels: letters stay readable."""
SETTLING = 5
"""Frames of a camera that are left out, while it finds the exposure."""
CAMERA, SCREEN, WINDOW = "camera", "screen", "window"
"""What is looked at; a certain window is “window” with a colon and its number."""


class LocalEyes:
    """Those of this machine. Takes as long as the camera takes to open: about a second."""

    def __init__(self, camera: str, post: Callable[[Event], None]) -> None:
        """`camera`: its number or path, or a video or picture file; empty for the first one."""
        self._camera, self._post = camera, post

    def look(self, at: str) -> PicturePart:
        """Return a picture as JPEG. Raises DeviceUnavailable."""
        what, _, number = at.partition(":")
        self._post(LookingChanged(what, looking=True))
        try:
            image = self._image(what, number)
        finally:
            self._post(LookingChanged(what, looking=False))
        return as_jpeg(image, WIDTH if what == CAMERA else SCREEN_WIDTH)

    def _image(self, what: str, number: str) -> Image:
        if what == WINDOW:
            return window_picture(int(number) if number.isdigit() else None)
        return screen_image() if what == SCREEN else camera_image(self._camera)


def as_jpeg(image: Image, most_width: int) -> PicturePart:
    """Return a picture (uint8, shape (height, width, 3), RGB) as models take it."""
    from avatar_app.media.jpeg import jpeg_of  # it loads OpenCV, which the window does without

    return PicturePart(jpeg_of(image, most_width))


def camera_image(camera: str) -> Image:
    """Return a picture (uint8, shape (height, width, 3), RGB). Raises DeviceUnavailable."""
    import cv2

    source = int(camera or 0) if camera.isdigit() or not camera else str(expanded(camera))
    with closing(_Capture(source)) as capture:
        image = None
        for _ in range(SETTLING + 1):
            found, frame = capture.video.read()
            image = frame if found else image
        if image is None:
            raise DeviceUnavailable(
                f"The camera {camera or 'of this computer'} gives no picture.",
                "Check that it is connected and that no other program uses it, or choose another"
                " one in the settings.",
            )
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def screen_image() -> Image:
    """Return a picture of the whole screen. Raises DeviceUnavailable."""
    from PIL import ImageGrab

    try:
        return np.asarray(ImageGrab.grab().convert("RGB"), np.uint8)
    except (OSError, ValueError) as error:
        raise DeviceUnavailable(
            f"The screen can't be looked at: {str(error) or 'it is refused'}.",
            "Allow it in the system's settings, or show the camera.",
        ) from error


class _Capture:
    def __init__(self, source: int | str) -> None:
        import cv2

        self.video = cv2.VideoCapture(source)

    def close(self) -> None:
        self.video.release()
