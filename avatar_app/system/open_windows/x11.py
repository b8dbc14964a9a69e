"""The windows of an X11 desktop, by its list of clients (Extended Window Manager Hints 1.5)."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import Image
from avatar_app.system.open_windows import OpenWindow
from avatar_app.system.open_windows.xlib import LONG, POINTER, Errors, xcomposite, xlib

_LISTS = ("_NET_CLIENT_LIST_STACKING", "_NET_CLIENT_LIST")
_MOST = 100_000
"""Values of a property that are read."""
_ALL_PLANES, _Z_PIXMAP = 0xFFFFFFFF, 2
_AUTOMATIC = 0
_REDRAWING = 0.15
"""Seconds in which a program draws what another window covers, once that is wanted."""


def open_windows() -> tuple[OpenWindow, ...]:
    """Return the windows of other programs, the one in front first. Raises DeviceUnavailable."""
    with _display() as display:
        ids = reversed(display.clients())
        return tuple(OpenWindow(id, title) for id in ids if (title := display.title(id)))


def picture_of(id: int) -> Image:
    """Return a picture of a window, also of what others cover. Raises DeviceUnavailable."""
    with _display() as display:
        image = display.picture(id)
    if image is None:
        raise DeviceUnavailable("That window gives no picture.", "Is it still open, and shown?")
    return image


class _Display:
    def __init__(self, x: Any, display: int, errors: Errors) -> None:
        self._x, self._display, self._errors = x, display, errors
        self._root = x.XDefaultRootWindow(display)

    def clients(self) -> list[int]:
        """Return the ids of other programs' windows that are shown, the one in front last."""
        found = next(filter(None, (self._numbers(self._root, name) for name in _LISTS)), [])
        return [id for id in found if self._is_anothers(id) and not self._is_hidden(id)]

    def title(self, id: int) -> str:
        text = self._property(id, "_NET_WM_NAME") or self._property(id, "WM_NAME")
        return " ".join(text.decode("utf-8", "replace").split())

    def picture(self, id: int) -> Image | None:
        """Return what a window holds; None where it is gone."""
        composite = xcomposite()
        number = ctypes.c_int()
        places = ctypes.byref(number), ctypes.byref(number)
        if composite is None or not composite.XCompositeQueryExtension(self._display, *places):
            return self._pixels(id)
        composite.XCompositeRedirectWindow(self._display, id, _AUTOMATIC)
        self._x.XSync(self._display, 0)
        threading.Event().wait(_REDRAWING)
        pixmap = composite.XCompositeNameWindowPixmap(self._display, id)
        image = self._pixels(pixmap)
        self._x.XFreePixmap(self._display, pixmap)
        composite.XCompositeUnredirectWindow(self._display, id, _AUTOMATIC)
        self._x.XSync(self._display, 0)
        return image

    def _pixels(self, drawable: int) -> Image | None:
        root, number = LONG(), [ctypes.c_int() for _ in range(6)]
        places = map(ctypes.byref, (root, *number))
        if not self._x.XGetGeometry(self._display, drawable, *places):
            return None
        width, height = number[2].value, number[3].value
        taken = self._x.XGetImage(
            self._display, drawable, 0, 0, width, height, _ALL_PLANES, _Z_PIXMAP
        )
        if not taken:
            return None
        try:
            image = taken.contents
            if image.bits_per_pixel != 32 or self._errors.happened:
                return None
            size = image.height * image.bytes_per_line
            raw = np.frombuffer(ctypes.string_at(image.data, size), np.uint8)
            rows = raw.reshape(image.height, image.bytes_per_line)[:, : 4 * image.width]
            colors = rows.reshape(image.height, image.width, 4)
            order = slice(2, None, -1) if image.byte_order == 0 else slice(1, 4)
            return np.ascontiguousarray(colors[:, :, order])
        finally:
            self._x.XDestroyImage(taken)

    def _is_anothers(self, id: int) -> bool:
        return self._numbers(id, "_NET_WM_PID")[:1] != [os.getpid()]

    def _is_hidden(self, id: int) -> bool:
        hidden = self._x.XInternAtom(self._display, b"_NET_WM_STATE_HIDDEN", 0)
        return hidden in self._numbers(id, "_NET_WM_STATE")

    def _numbers(self, id: int, name: str) -> list[int]:
        return [int(each) for each in np.frombuffer(self._property(id, name), np.uint64)]

    def _property(self, id: int, name: str) -> bytes:
        """Return the bytes of a property: longs where it holds numbers, else text."""
        atom = self._x.XInternAtom(self._display, name.encode(), 0)
        kind, form, count, rest, data = LONG(), ctypes.c_int(), LONG(), LONG(), POINTER()
        places = map(ctypes.byref, (kind, form, count, rest, data))
        self._x.XGetWindowProperty(self._display, id, atom, 0, _MOST, 0, 0, *places)
        if not data.value:
            return b""
        size = count.value * {32: ctypes.sizeof(LONG), 16: 2}.get(form.value, 1)
        content = ctypes.string_at(data, size)
        self._x.XFree(data)
        return content


@contextmanager
def _display() -> Iterator[_Display]:
    x = xlib()
    display = x.XOpenDisplay(None)
    if not display:
        raise DeviceUnavailable("There is no display whose windows could be looked at.", "")
    try:
        with Errors(x) as errors:
            yield _Display(x, display, errors)
    finally:
        x.XCloseDisplay(display)
