"""A program that shows two windows on an X display without a window manager, and lists them."""

from __future__ import annotations

import ctypes
import ctypes.util
import time
from typing import Any

GREEN, BLUE = 0x006400, 0x00008B
XA_WINDOW, XA_CARDINAL = 33, 6


def library() -> Any:
    x: Any = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
    long, pointer = ctypes.c_ulong, ctypes.c_void_p
    x.XOpenDisplay.restype = pointer
    x.XDefaultRootWindow.argtypes, x.XDefaultRootWindow.restype = [pointer], long
    x.XInternAtom.argtypes, x.XInternAtom.restype = [pointer, ctypes.c_char_p, ctypes.c_int], long
    x.XCreateSimpleWindow.restype = long
    x.XCreateSimpleWindow.argtypes = [
        pointer, long, *([ctypes.c_int] * 2), *([ctypes.c_uint] * 3), long, long,
    ]  # fmt: skip
    x.XMapRaised.argtypes, x.XSync.argtypes = [pointer, long], [pointer, ctypes.c_int]
    x.XChangeProperty.argtypes = [
        pointer, long, long, long, ctypes.c_int, ctypes.c_int, pointer, ctypes.c_int,
    ]  # fmt: skip
    return x


def main() -> None:
    x = library()
    display = x.XOpenDisplay(None)
    root = x.XDefaultRootWindow(display)

    def atom(name: str) -> int:
        return int(x.XInternAtom(display, name.encode(), 0))

    def show(title: str, left: int, top: int, color: int) -> int:
        window = x.XCreateSimpleWindow(display, root, left, top, 300, 150, 0, 0, color)
        text = title.encode()
        x.XChangeProperty(
            display, window, atom("_NET_WM_NAME"), atom("UTF8_STRING"), 8, 0, text, len(text)
        )
        pid = (ctypes.c_ulong * 1)(4_000_000)
        x.XChangeProperty(display, window, atom("_NET_WM_PID"), XA_CARDINAL, 32, 0, pid, 1)
        x.XMapRaised(display, window)
        return int(window)

    windows = (ctypes.c_ulong * 2)(
        show("Notes – ümlaut", 10, 10, GREEN), show("Front", 60, 40, BLUE)
    )
    stacking = atom("_NET_CLIENT_LIST_STACKING")
    x.XChangeProperty(display, root, stacking, XA_WINDOW, 32, 0, windows, 2)
    x.XSync(display, 0)
    print("shown", flush=True)  # noqa: T201  the test waits for it
    time.sleep(600)


if __name__ == "__main__":
    main()
