"""The calls of Xlib and Xcomposite that pictures of windows need, by ctypes."""

from __future__ import annotations

import ctypes
import ctypes.util
import threading
from typing import Any

from avatar_app.core.errors import DeviceUnavailable

POINTER = ctypes.c_void_p
LONG = ctypes.c_ulong
_ERROR_HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, POINTER)
_lock = threading.Lock()
_refused = threading.Event()


class XImage(ctypes.Structure):
    """The beginning of Xlib's XImage."""

    _fields_ = (
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("xoffset", ctypes.c_int),
        ("format", ctypes.c_int),
        ("data", POINTER),
        ("byte_order", ctypes.c_int),
        ("bitmap_unit", ctypes.c_int),
        ("bitmap_bit_order", ctypes.c_int),
        ("bitmap_pad", ctypes.c_int),
        ("depth", ctypes.c_int),
        ("bytes_per_line", ctypes.c_int),
        ("bits_per_pixel", ctypes.c_int),
    )


def _note(_display: int | None, _error: int | None) -> int:
    _refused.set()
    return 0


_NOTE_REFUSAL = _ERROR_HANDLER(_note)
"""In place of Xlib's own handler, which ends the process: a window may close at any time."""


class Errors:
    """While it is entered, errors of the display are noted; Xlib has one handler a process."""

    def __init__(self, x: Any) -> None:
        self._x, self._former = x, None

    def __enter__(self) -> Errors:
        _lock.acquire()
        _refused.clear()
        self._former = self._x.XSetErrorHandler(_NOTE_REFUSAL)
        return self

    def __exit__(self, *_: object) -> None:
        self._x.XSetErrorHandler(self._former)
        _lock.release()

    @property
    def happened(self) -> bool:
        return _refused.is_set()


def xlib() -> Any:
    """Return Xlib with its types. Raises DeviceUnavailable."""
    x = _load("X11", "libX11.so.6")
    if x is None:
        raise DeviceUnavailable(
            "Windows can't be listed: libX11 is missing.",
            "On Debian or Ubuntu: sudo apt install libx11-6",
        )
    x.XOpenDisplay.restype = POINTER
    x.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x.XDefaultRootWindow.restype = x.XInternAtom.restype = LONG
    x.XInternAtom.argtypes = [POINTER, ctypes.c_char_p, ctypes.c_int]
    x.XSetErrorHandler.restype = POINTER
    x.XSetErrorHandler.argtypes = [POINTER]
    integer, places = ctypes.c_int, [POINTER] * 7
    range_of = [ctypes.c_long, ctypes.c_long, integer, LONG]
    area = [integer, integer, ctypes.c_uint, ctypes.c_uint]
    x.XGetWindowProperty.argtypes = [POINTER, LONG, LONG, *range_of, *places[:5]]
    x.XGetGeometry.argtypes = [POINTER, LONG, *places]
    x.XGetImage.restype = ctypes.POINTER(XImage)
    x.XGetImage.argtypes = [POINTER, LONG, *area, LONG, integer]
    x.XDestroyImage.argtypes = [ctypes.POINTER(XImage)]
    x.XFreePixmap.argtypes = [POINTER, LONG]
    x.XFree.argtypes = [POINTER]
    x.XSync.argtypes = [POINTER, ctypes.c_int]
    for name in ("XDefaultRootWindow", "XCloseDisplay"):
        getattr(x, name).argtypes = [POINTER]
    return x


def xcomposite() -> Any | None:
    """Return Xcomposite with its types; None where it is missing."""
    library = _load("Xcomposite", "libXcomposite.so.1")
    if library is not None:
        library.XCompositeQueryExtension.argtypes = [POINTER, POINTER, POINTER]
        library.XCompositeRedirectWindow.argtypes = [POINTER, LONG, ctypes.c_int]
        library.XCompositeUnredirectWindow.argtypes = [POINTER, LONG, ctypes.c_int]
        library.XCompositeNameWindowPixmap.argtypes = [POINTER, LONG]
        library.XCompositeNameWindowPixmap.restype = LONG
    return library


def _load(name: str, file: str) -> Any | None:
    try:
        return ctypes.CDLL(ctypes.util.find_library(name) or file)
    except OSError:
        return None
