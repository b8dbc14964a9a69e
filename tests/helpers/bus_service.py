"""A service of a test on a D-Bus: a thread that answers what is asked of it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

from jeepney import (
    DBusAddress,
    HeaderFields,
    MessageType,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from avatar_app.system.hotkeys.portal import OBJECT


class KeyService:
    """Lets programs bind keys, and presses them.

    Agrees to everything, until `refuses` names a method that the user refuses.
    """

    name: ClassVar[str]
    interface: ClassVar[str]

    def __init__(self, address: str) -> None:
        self._bus = open_dbus_connection(bus=address)
        self._bus.send_and_get_reply(message_bus.RequestName(self.name))
        self.refuses = ""
        self.bound: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        """Shortcuts that programs asked for."""
        self._session = ""
        self._sending = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def press(self, *, down: bool, session: str = "") -> None:
        name = "Activated" if down else "Deactivated"
        body = (session or self._session, "talk", 0, {})
        address = DBusAddress(OBJECT, self.name, self.interface)
        self._send(new_signal(address, name, "osta{sv}", body))

    def close(self) -> None:
        own = DBusAddress(OBJECT, self._bus.unique_name, self.interface)
        self._send(new_method_call(own, "End"))
        self._thread.join()
        self._bus.close()

    def answers(self, message: Any, method: str) -> Iterator[Any]:
        """Yield what is sent when a method is called."""
        yield new_method_return(message)

    def _run(self) -> None:
        while True:
            message = self._bus.receive()
            if message.header.message_type is not MessageType.method_call:
                continue
            method = message.header.fields[HeaderFields.member]
            if method == "End":
                return
            for answer in self.answers(message, method):
                self._send(answer)

    def _send(self, message: Any) -> None:
        with self._sending:
            self._bus.send(message)
