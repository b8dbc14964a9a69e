"""A desktop's portal for global keys on a private bus: answers, and presses the key."""

from __future__ import annotations

import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from jeepney import (
    DBusAddress,
    HeaderFields,
    MessageType,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from avatar_app.system.hotkeys.portal import BUS_NAME, INTERFACE, OBJECT, REQUEST

UNKNOWN = "org.freedesktop.DBus.Error.UnknownMethod"


class PortalService:
    """Agrees to everything, until `refuses` names a method that the user refuses."""

    def __init__(self, address: str) -> None:
        self._bus = open_dbus_connection(bus=address)
        self._bus.send_and_get_reply(message_bus.RequestName(BUS_NAME))
        self.refuses = ""
        self.bound: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        """Shortcuts that programs asked for."""
        self._session, self._program = "", ""
        self._sending = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="portal", daemon=True)
        self._thread.start()

    def press(self, *, down: bool, session: str = "") -> None:
        name = "Activated" if down else "Deactivated"
        body = (session or self._session, "talk", 0, {})
        self._signal(DBusAddress(OBJECT, BUS_NAME, INTERFACE), name, "osta{sv}", body)

    def close(self) -> None:
        from jeepney import new_method_call

        end = new_method_call(DBusAddress(OBJECT, self._bus.unique_name, "test.Service"), "End")
        with self._sending:
            self._bus.send(end)
        self._thread.join()
        self._bus.close()

    def _run(self) -> None:
        while True:
            message = self._bus.receive()
            if message.header.message_type is not MessageType.method_call:
                continue
            method = message.header.fields[HeaderFields.member]
            if method == "End":
                return
            if method not in ("CreateSession", "BindShortcuts"):
                self._send(new_error(message, UNKNOWN))
                continue
            self._program = message.header.fields[HeaderFields.sender]
            self._answer(message, method)

    def _answer(self, message: Any, method: str) -> None:
        options = message.body[-1]
        name = self._program[1:].replace(".", "_")
        request = f"{OBJECT}/request/{name}/{options['handle_token'][1]}"
        self._send(new_method_return(message, "o", (request,)))
        results: dict[str, Any] = {}
        if method == "CreateSession":
            self._session = f"{OBJECT}/session/{name}/{options['session_handle_token'][1]}"
            results = {"session_handle": ("s", self._session)}
        else:
            self.bound.put(message.body[1])
        code = 1 if self.refuses == method else 0
        self._signal(DBusAddress(request, BUS_NAME, REQUEST), "Response", "ua{sv}", (code, results))

    def _signal(self, address: DBusAddress, name: str, signature: str, body: Any) -> None:
        self._send(new_signal(address, name, signature, body))

    def _send(self, message: Any) -> None:
        with self._sending:
            self._bus.send(message)


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
