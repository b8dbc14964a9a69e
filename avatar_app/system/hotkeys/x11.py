"""A global key under X11: grabbed by Xlib in a thread of its own."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import select
import threading
from typing import Any

from avatar_app.system.hotkeys.hotkey import Heard, Hotkey, HotkeyUnavailable

_KEY_PRESS, _KEY_RELEASE = 2, 3
_GRAB_ASYNC = 1
_SHIFT, _LOCK, _CONTROL, _ALT, _NUM_LOCK = 1, 2, 4, 8, 16
_ALSO_WITH = (0, _LOCK, _NUM_LOCK, _LOCK | _NUM_LOCK)
"""The key counts, whether these lights are on or not."""
_EVENT_LONGS = 24
"""Size of an XEvent."""
_ERROR_HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_refused = threading.Event()


def _note(_display: int | None, _error: int | None) -> int:
    _refused.set()
    return 0


_NOTE_REFUSAL = _ERROR_HANDLER(_note)
"""In place of Xlib's own handler, which ends the process."""


class X11Hotkey:
    """A `HotkeyListener`. Its connection to the display is its own."""

    def __init__(self, hotkey: Hotkey, heard: Heard) -> None:
        """Raises HotkeyUnavailable where there is no display, or another program has the key."""
        self._x, self._heard = _library(), heard
        self._held = False
        self._display = self._x.XOpenDisplay(None)
        if not self._display:
            raise HotkeyUnavailable("The display cannot be opened for a global key.", "")
        try:
            self._grab(hotkey)
        except HotkeyUnavailable:
            self._x.XCloseDisplay(self._display)
            raise
        self._wake_out, self._wake_in = os.pipe()
        self._thread = threading.Thread(target=self._run, name="global-key", daemon=True)
        self._thread.start()

    def close(self) -> None:
        os.write(self._wake_in, b".")
        self._thread.join()
        self._x.XCloseDisplay(self._display)
        os.close(self._wake_in)
        os.close(self._wake_out)
        self._tell(held=False)

    def _grab(self, hotkey: Hotkey) -> None:
        x, display = self._x, self._display
        code = x.XKeysymToKeycode(display, x.XStringToKeysym(hotkey.key.encode()))
        if not code:
            raise HotkeyUnavailable(
                f"This keyboard has no key {hotkey.key}.", "Choose another global key."
            )
        held = _CONTROL * hotkey.ctrl | _ALT * hotkey.alt | _SHIFT * hotkey.shift
        x.XkbSetDetectableAutoRepeat(display, 1, None)  # a held key is released once
        _refused.clear()
        former = x.XSetErrorHandler(_NOTE_REFUSAL)
        root = x.XDefaultRootWindow(display)
        for also in _ALSO_WITH:
            x.XGrabKey(display, code, held | also, root, 0, _GRAB_ASYNC, _GRAB_ASYNC)
        x.XSync(display, 0)
        x.XSetErrorHandler(former)
        if _refused.is_set():
            raise HotkeyUnavailable(
                f"Another program has the global key {hotkey.trigger}.",
                "Choose another global key.",
            )

    def _run(self) -> None:
        event = (ctypes.c_long * _EVENT_LONGS)()
        kind = ctypes.cast(event, ctypes.POINTER(ctypes.c_int))
        connection = self._x.XConnectionNumber(self._display)
        while True:
            while self._x.XPending(self._display):
                self._x.XNextEvent(self._display, event)
                if kind[0] in (_KEY_PRESS, _KEY_RELEASE):
                    self._tell(held=kind[0] == _KEY_PRESS)
            ready, _, _ = select.select([connection, self._wake_out], [], [])
            if self._wake_out in ready:
                return

    def _tell(self, *, held: bool) -> None:
        if held != self._held:
            self._held = held
            self._heard(held=held)


def _library() -> Any:
    name = ctypes.util.find_library("X11")
    try:
        library = ctypes.CDLL(name or "libX11.so.6")
    except OSError as error:
        raise HotkeyUnavailable(
            "A global key needs the library libX11, which is missing.",
            "On Debian or Ubuntu: sudo apt install libx11-6",
        ) from error
    library.XOpenDisplay.restype = ctypes.c_void_p
    library.XOpenDisplay.argtypes = [ctypes.c_char_p]
    library.XStringToKeysym.restype = ctypes.c_ulong
    library.XKeysymToKeycode.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    library.XKeysymToKeycode.restype = ctypes.c_ubyte
    library.XDefaultRootWindow.restype = ctypes.c_ulong
    library.XSetErrorHandler.restype = ctypes.c_void_p
    library.XSetErrorHandler.argtypes = [ctypes.c_void_p]
    library.XGrabKey.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_ulong,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
    ]
    library.XNextEvent.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.XkbSetDetectableAutoRepeat.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
    library.XSync.argtypes = [ctypes.c_void_p, ctypes.c_int]
    for name in ("XDefaultRootWindow", "XPending", "XConnectionNumber", "XCloseDisplay"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    return library
