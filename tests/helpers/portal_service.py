"""A desktop's portal for global keys on a private bus: answers, and presses the key."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from bus_service import KeyService
from jeepney import (
    DBusAddress,
    HeaderFields,
    new_error,
    new_method_return,
    new_signal,
)

from avatar_app.system.hotkeys.portal import BUS_NAME, INTERFACE, OBJECT, REQUEST

UNKNOWN = "org.freedesktop.DBus.Error.UnknownMethod"


class PortalService(KeyService):
    """What programs ask of the portal."""

    name, interface = BUS_NAME, INTERFACE

    def answers(self, message: Any, method: str) -> Iterator[Any]:
        if method not in ("CreateSession", "BindShortcuts"):
            yield new_error(message, UNKNOWN)
            return
        options = message.body[-1]
        program = message.header.fields[HeaderFields.sender][1:].replace(".", "_")
        request = f"{OBJECT}/request/{program}/{options['handle_token'][1]}"
        yield new_method_return(message, "o", (request,))
        results: dict[str, Any] = {}
        if method == "CreateSession":
            self._session = f"{OBJECT}/session/{program}/{options['session_handle_token'][1]}"
            results = {"session_handle": ("s", self._session)}
        else:
            self.bound.put(message.body[1])
        code = 1 if self.refuses == method else 0
        address = DBusAddress(request, BUS_NAME, REQUEST)
        yield new_signal(address, "Response", "ua{sv}", (code, results))


@contextmanager
def private_bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Start a bus, which the environment names meanwhile."""
    if shutil.which("dbus-daemon") is None:
        pytest.fail("This test needs dbus-daemon (Debian: dbus).")
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        try:
            yield address
        finally:
            daemon.terminate()


@contextmanager
def portal_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[PortalService]:
    """Start a bus with the service on it."""
    with private_bus(monkeypatch) as address:
        service = PortalService(address)
        try:
            yield service
        finally:
            service.close()
