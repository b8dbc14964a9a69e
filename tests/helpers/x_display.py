"""An X server of the test (Xvfb), and keys pressed on it as by a keyboard (XTest)."""

from __future__ import annotations

import ctypes
import ctypes.util
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Keyboard:
    """Presses and releases keys by their keysyms' names."""

    def __init__(self, display: str) -> None:
        self._x: Any = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
        self._test: Any = ctypes.CDLL(ctypes.util.find_library("Xtst") or "libXtst.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XStringToKeysym.restype = ctypes.c_ulong
        self._x.XKeysymToKeycode.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
        self._x.XKeysymToKeycode.restype = ctypes.c_ubyte
        self._x.XSync.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self._x.XCloseDisplay.argtypes = [ctypes.c_void_p]
        self._test.XTestFakeKeyEvent.argtypes = [
            ctypes.c_void_p,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_ulong,
        ]
        self._display = self._x.XOpenDisplay(display.encode())
        assert self._display

    def press(self, key: str) -> None:
        self._send(key, down=True)

    def release(self, key: str) -> None:
        self._send(key, down=False)

    def close(self) -> None:
        self._x.XCloseDisplay(self._display)

    def _send(self, key: str, *, down: bool) -> None:
        code = self._x.XKeysymToKeycode(self._display, self._x.XStringToKeysym(key.encode()))
        self._test.XTestFakeKeyEvent(self._display, code, int(down), 0)
        self._x.XSync(self._display, 0)


@contextmanager
def x_display(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyboard]:
    """Start a server, which DISPLAY names meanwhile; yields its keyboard."""
    if shutil.which("Xvfb") is None:
        pytest.fail("This test needs Xvfb (Debian: xvfb).")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        display = f":{server.stdout.readline().strip()}"
        monkeypatch.setenv("DISPLAY", display)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        keyboard = Keyboard(display)
        try:
            yield keyboard
        finally:
            keyboard.close()
            server.terminate()
