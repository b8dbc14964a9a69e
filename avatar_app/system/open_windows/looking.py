"""Which windows can be looked at here: X11 lists them, under Wayland the desktop's dialog does."""

from __future__ import annotations

import os
import platform

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import Image
from avatar_app.system.open_windows import OpenWindow, portal, x11


def windows_can_be_chosen() -> bool:
    """Whether this desktop gives pictures of single windows."""
    return _is_wayland() or _is_x11()


def listed_windows() -> tuple[OpenWindow, ...]:
    """Return the windows of other programs, the one in front first; none where only the desktop
    knows them."""
    if _is_wayland() or not _is_x11():
        return ()
    return x11.open_windows()


def window_picture(id: int | None) -> Image:
    """Return a picture (uint8, shape (height, width, 3), RGB) of a window; None: of the one that
    was in front last, or that the user chooses in the desktop's dialog. Raises DeviceUnavailable.
    """
    if _is_wayland():
        return portal.chosen_picture()
    if not _is_x11():
        raise DeviceUnavailable(
            "On this system I can't look at a single window.", "Say: look at my screen."
        )
    windows = x11.open_windows() if id is None else ()
    if id is None and not windows:
        raise DeviceUnavailable("No other window is open.", "Say: look at my screen.")
    return x11.picture_of(windows[0].id if id is None else id)


def _is_wayland() -> bool:
    return bool(os.environ.get("WAYLAND_DISPLAY"))


def _is_x11() -> bool:
    return platform.system() == "Linux" and bool(os.environ.get("DISPLAY"))
