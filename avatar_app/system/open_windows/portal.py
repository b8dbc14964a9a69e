"""A picture of a window that the user chooses in the desktop's own dialog.

Source of the protocol: the documentation of XDG Desktop Portal, interface Screenshot, version 2.
"""

from __future__ import annotations

from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import Image

BUS_NAME, OBJECT = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
INTERFACE = "org.freedesktop.portal.Screenshot"
REQUEST = "org.freedesktop.portal.Request"
ANSWERS_WITHIN, PATIENCE = 10.0, 120.0
"""Seconds for the portal to take the request, and for the user to choose."""
_numbers = count(1)


def chosen_picture() -> Image:
    """Return a picture of what the user chooses. Raises DeviceUnavailable."""
    try:
        from jeepney.io.blocking import open_dbus_connection

        bus = open_dbus_connection(bus="SESSION")
    except (ImportError, OSError, KeyError, ValueError) as error:
        raise DeviceUnavailable(
            "Windows can't be chosen: the desktop's D-Bus is not there.", "Show the camera."
        ) from error
    with closing(bus):
        try:
            return _read(_answer(bus))
        except (OSError, TimeoutError, ValueError) as error:
            raise DeviceUnavailable("The desktop gave no picture of a window.", "") from error


def _answer(bus: Any) -> str:
    """Ask the desktop; returns the address of the file that it made."""
    from jeepney import DBusAddress, MatchRule, MessageType, new_method_call
    from jeepney.bus_messages import message_bus

    token = f"avatar_look_{next(_numbers)}"
    path = f"{OBJECT}/request/{bus.unique_name[1:].replace('.', '_')}/{token}"
    rule = MatchRule(type="signal", interface=REQUEST, member="Response", path=path)
    bus.send_and_get_reply(message_bus.AddMatch(rule), timeout=ANSWERS_WITHIN)
    options = {"handle_token": ("s", token), "interactive": ("b", True), "modal": ("b", True)}
    address = DBusAddress(OBJECT, BUS_NAME, INTERFACE)
    with bus.filter(rule) as answers:
        call = new_method_call(address, "Screenshot", "sa{sv}", ("", options))
        reply = bus.send_and_get_reply(call, timeout=ANSWERS_WITHIN)
        if reply.header.message_type is MessageType.error:
            raise DeviceUnavailable(
                "This desktop offers no pictures of windows.", "Show the camera, or drop a picture."
            )
        code, results = bus.recv_until_filtered(answers, timeout=PATIENCE).body
    if code != 0:
        raise DeviceUnavailable("No window was chosen.", "")
    return str(results.get("uri", ("s", ""))[1])


def _read(address: str) -> Image:
    """Read the file, and delete it: it was made for one look."""
    from PIL import Image as Picture

    place = urlsplit(address)
    if place.scheme != "file":
        raise ValueError(address)
    path = Path(unquote(place.path))
    try:
        with Picture.open(path) as picture:
            return np.asarray(picture.convert("RGB"), np.uint8)
    finally:
        with suppress(OSError):
            path.unlink()
