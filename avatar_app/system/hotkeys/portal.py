"""A global key by the desktop's portal: org.freedesktop.portal.GlobalShortcuts over D-Bus.

The desktop asks the user which key it is. Source of the protocol: the documentation of
XDG Desktop Portal, interface GlobalShortcuts, version 1.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from avatar_app.system.hotkeys.hotkey import Heard, Hotkey, HotkeyUnavailable

BUS_NAME, OBJECT = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
INTERFACE = "org.freedesktop.portal.GlobalShortcuts"
REQUEST = "org.freedesktop.portal.Request"
REGISTRY = "org.freedesktop.host.portal.Registry"
APPLICATION, SHORTCUT = "avatar-app", "talk"
ANSWERS_WITHIN = 10.0
"""Seconds within which a portal answers that asks nobody."""
PATIENCE = 300.0
"""Seconds that a user has to answer the desktop's question."""
_numbers = count(1)


class PortalHotkey:
    """A `HotkeyListener`. Nothing is heard until the user has answered the desktop."""

    def __init__(
        self,
        hotkey: Hotkey,
        heard: Heard,
        description: str,
        refused: Callable[[HotkeyUnavailable], None],
    ) -> None:
        """`description` is shown by the desktop; `refused` is called, from another thread, where
        the user or the desktop refuses. Raises HotkeyUnavailable where there is no such portal."""
        self._hotkey, self._heard, self._description = hotkey, heard, description
        self._refused = refused
        self._held = False
        self._bus = _open_bus()
        self._wake_out, self._wake_in = os.pipe()
        try:
            self._session = self._new_session()
        except HotkeyUnavailable:
            self._end()
            raise
        self._thread = threading.Thread(target=self._run, name="global-key", daemon=True)
        self._thread.start()

    def close(self) -> None:
        os.write(self._wake_in, b".")
        self._thread.join()
        self._end()
        self._tell(held=False)

    def _end(self) -> None:
        self._bus.close()
        os.close(self._wake_in)
        os.close(self._wake_out)

    def _new_session(self) -> str:
        from jeepney import DBusAddress

        self._call(DBusAddress(OBJECT, BUS_NAME, REGISTRY), "Register", "sa{sv}", (APPLICATION, {}))
        token = f"avatar_{next(_numbers)}"
        options = {"session_handle_token": ("s", token)}
        results = self._request("CreateSession", "a{sv}", (), options, ANSWERS_WITHIN)
        return str(results["session_handle"][1])

    def _run(self) -> None:
        from jeepney import MatchRule

        rule = MatchRule(type="signal", interface=INTERFACE, path=OBJECT)
        try:
            with self._matching(rule) as signals:
                self._bind()
                for message in self._messages(signals):
                    self._hear(message)
        except HotkeyUnavailable as error:
            self._refused(error)

    def _bind(self) -> None:
        about = {
            "description": ("s", self._description),
            "preferred_trigger": ("s", self._hotkey.trigger),
        }
        shortcuts = [(SHORTCUT, about)]
        arguments = (self._session, shortcuts, "")
        self._request("BindShortcuts", "oa(sa{sv})sa{sv}", arguments, {}, PATIENCE)

    def _hear(self, message: Any) -> None:
        from jeepney import HeaderFields

        name = message.header.fields.get(HeaderFields.member)
        if name in ("Activated", "Deactivated"):
            session, shortcut, *_ = message.body
            if (session, shortcut) == (self._session, SHORTCUT):
                self._tell(held=name == "Activated")

    def _tell(self, *, held: bool) -> None:
        if held != self._held:
            self._held = held
            self._heard(held=held)

    def _request(
        self,
        method: str,
        signature: str,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        seconds: float,
    ) -> dict[str, Any]:
        """Call a method that answers by a signal of a Request object; returns its results."""
        from jeepney import DBusAddress, MatchRule

        token = f"avatar_request_{next(_numbers)}"
        sender = self._bus.unique_name[1:].replace(".", "_")
        path = f"{OBJECT}/request/{sender}/{token}"
        address = DBusAddress(OBJECT, BUS_NAME, INTERFACE)
        rule = MatchRule(type="signal", interface=REQUEST, member="Response", path=path)
        with self._matching(rule) as answers:
            options = {"handle_token": ("s", token), **options}
            if self._call(address, method, signature, (*arguments, options)) is None:
                raise HotkeyUnavailable(
                    "This desktop gives no keys to programs in the background.",
                    "Hold Space in the window to talk.",
                )
            for message in self._messages(answers, seconds):
                code, results = message.body
                if code == 0:
                    return dict(results)
                break
        raise HotkeyUnavailable("The desktop was not allowed to give the avatar a key.", "")

    def _call(
        self, address: Any, method: str, signature: str, arguments: tuple[Any, ...]
    ) -> tuple[Any, ...] | None:
        """Return what a method returns; None where it is unknown or refuses."""
        from jeepney import MessageType, new_method_call

        call = new_method_call(address, method, signature, arguments)
        try:
            reply = self._bus.send_and_get_reply(call, timeout=ANSWERS_WITHIN)
        except (OSError, TimeoutError) as error:
            raise HotkeyUnavailable(f"The desktop does not answer: {error}.", "") from error
        is_error = reply.header.message_type is MessageType.error
        return None if is_error else tuple(reply.body)

    @contextmanager
    def _matching(self, rule: Any) -> Iterator[Any]:
        """Yield the queue of messages that match, for which the bus is asked."""
        from jeepney.bus_messages import message_bus

        self._bus.send_and_get_reply(message_bus.AddMatch(rule))
        with self._bus.filter(rule, bufsize=100) as matching:
            yield matching

    def _messages(self, matching: Any, seconds: float | None = None) -> Iterator[Any]:
        """Yield messages until the listener is closed, or nothing came for so long."""
        while True:
            while matching:
                yield matching.popleft()
            if (
                self._receive()
            ):  # more may lie in jeepney's buffer, of which the socket says nothing
                continue
            ready, _, _ = select.select([self._bus.sock, self._wake_out], [], [], seconds)
            if not ready or self._wake_out in ready:
                return

    def _receive(self) -> bool:
        """Take one message that has arrived; False if there is none."""
        try:
            self._bus.recv_messages(timeout=0)
        except TimeoutError:
            return False
        except OSError as error:
            raise HotkeyUnavailable("The desktop's D-Bus has ended.", "") from error
        return True


def _open_bus() -> Any:
    try:
        from jeepney.io.blocking import open_dbus_connection

        return open_dbus_connection(bus="SESSION")
    except (ImportError, OSError, KeyError, ValueError) as error:
        raise HotkeyUnavailable(
            "Global keys need the desktop's D-Bus, which is not there.",
            "Hold Space in the window to talk.",
        ) from error
