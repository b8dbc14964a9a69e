"""The portal of desktops, xdg-desktop-portal, on a private bus, in front of a desktop of the test.

The portal is the program that GNOME, KDE and others use; what it asks of a desktop (the interface
org.freedesktop.impl.portal.GlobalShortcuts) is answered here.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bus_service import KeyService
from jeepney import new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from portal_service import private_bus

from avatar_app.system.hotkeys.portal import BUS_NAME

PROGRAMS = tuple(
    Path(folder) / "xdg-desktop-portal" for folder in ("/usr/libexec", "/usr/lib", "/usr/lib/xdg")
)
NAME, DESKTOP = "org.freedesktop.impl.portal.desktop.avatartest", "avatartest"
INTERFACE = "org.freedesktop.impl.portal.GlobalShortcuts"
REGISTRATION = f"[portal]\nDBusName={NAME}\nInterfaces={INTERFACE};\nUseIn={DESKTOP}\n"
PATIENCE = 60.0


class Desktop(KeyService):
    """What the portal asks of a desktop."""

    name, interface = NAME, INTERFACE

    def answers(self, message: Any, method: str) -> Iterator[Any]:
        code = 1 if self.refuses == method else 0
        match method:
            case "CreateSession":
                _, self._session, _, _ = message.body
                yield new_method_return(message, "ua{sv}", (code, {}))
            case "BindShortcuts":
                _, _, shortcuts, _, _ = message.body
                self.bound.put(shortcuts)
                results = {"shortcuts": ("a(sa{sv})", shortcuts)}
                yield new_method_return(message, "ua{sv}", (code, results))
            case "GetAll":
                yield new_method_return(message, "a{sv}", ({"version": ("u", 1)},))
            case _:  # the end of a session or request
                yield new_method_return(message)


@contextmanager
def desktop_portal(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Desktop]:
    """Start a bus, a desktop and the portal between it and programs; `folder` is its home."""
    program = next((path for path in PROGRAMS if path.exists()), None)
    if program is None:
        pytest.fail("This test needs xdg-desktop-portal (Debian: xdg-desktop-portal).")
    portals = folder / "portals"
    portals.mkdir()
    (portals / "avatartest.portal").write_text(REGISTRATION, encoding="utf-8")
    with private_bus(monkeypatch) as address:
        desktop = Desktop(address)
        environment = os.environ | {
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_CURRENT_DESKTOP": DESKTOP,
            "XDG_DESKTOP_PORTAL_DIR": str(portals),
        }
        with subprocess.Popen([program], env=environment, stderr=subprocess.DEVNULL) as portal:
            try:
                _wait_for_name(address)
                yield desktop
            finally:
                portal.terminate()
                portal.wait(PATIENCE)
                desktop.close()


def _wait_for_name(address: str) -> None:
    """Return when the portal is on the bus; starting it by its own service file would ask systemd
    for a session that is not there."""
    bus: DBusConnection = open_dbus_connection(bus=address)
    waited = threading.Event()
    try:
        for _ in range(int(PATIENCE / 0.05)):
            if bus.send_and_get_reply(message_bus.NameHasOwner(BUS_NAME)).body[0]:
                return
            waited.wait(0.05)
        pytest.fail("xdg-desktop-portal did not come to its bus")
    finally:
        bus.close()
