"""The WebSocket to a realtime server: events both ways, and its failures as sentences."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from avatar_app.core.errors import AvatarError, ConfigInvalid, EngineFailed
from avatar_app.core.network import check_environment, is_loopback
from avatar_app.core.turn import Turn
from avatar_app.engines.dialogue.servers.failures import unreachable
from avatar_app.engines.dialogue.servers.keys import key_for

CONNECT_WITHIN = 5.0
"""Timeout in seconds for connecting."""
LOOK = 0.05
"""Seconds after which a waiting engine looks whether its turn was cancelled."""
LARGEST = 4 << 20
"""Bytes of one message: a minute of sound as base64."""
LONGEST_REASON = 200
_CHEAP = "lenient-"
"""Begins the names of events whose failure changes nothing."""
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


class ConnectionLost(Exception):
    """The server has gone, or says nothing more."""

    def __init__(self, reason: AvatarError) -> None:
        super().__init__(reason)
        self.reason = reason


class RealtimeConnection:
    """One WebSocket. Raises AvatarError where there is none, ConnectionLost later."""

    def __init__(self, address: str, model: str, patience: float) -> None:
        self.address, self._patience = address, patience
        self._response = ""
        """Identity of the response under way; empty before the server has named it."""
        self._is_asked = False
        self._begun, self._stale = True, 0
        """Whether the last response has begun, and how many before it that are not wanted have
        not."""
        self._said = ""
        """What the server said is wrong."""
        self._count = 0
        self._opened = ExitStack()
        self._socket = _connected(address, model, self._opened)

    @property
    def is_open(self) -> bool:
        return self._socket.close_code is None

    def send(self, kind: str, **fields: Any) -> None:
        """Send one event."""
        self._count += 1
        self._send({"type": kind, "event_id": f"event-{self._count}"} | fields)

    def send_lenient(self, kind: str, **fields: Any) -> None:
        """Send one event whose refusal changes nothing."""
        self._count += 1
        self._send({"type": kind, "event_id": f"{_CHEAP}{self._count}"} | fields)

    def ask(self) -> None:
        """Ask for a response."""
        self._stale += not self._begun
        self._response, self._is_asked, self._begun, self._said = "", True, False, ""
        self.send("response.create")

    def cancel(self) -> None:
        """Stop the response under way, if there is one."""
        if self._is_asked:
            self._is_asked = False
            with suppress(ConnectionLost):
                self.send_lenient("response.cancel")

    def response(self, turn: Turn) -> Iterator[Mapping[str, Any]]:
        """Yield the events of the response that was asked for, the last of which is its end. Raises
        EngineFailed where the server refuses it."""
        until = time.monotonic() + self._patience
        while True:
            turn.check()
            event = self._received()
            if event is None:
                if time.monotonic() > until:
                    raise ConnectionLost(self._silent())
                continue
            kind = event["type"]
            if kind == "error":
                self._refused(event)
            if not self._is_of_response(event):
                if time.monotonic() > until:
                    raise ConnectionLost(self._silent())
                continue
            yield event
            until = time.monotonic() + self._patience
            if kind == "response.done":
                self._is_asked = False
                self._check(event["response"])
                return

    def close(self) -> None:
        from websockets.exceptions import WebSocketException

        with suppress(WebSocketException, OSError):
            self._opened.close()

    def _send(self, event: Mapping[str, Any]) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            self._socket.send(json.dumps(event))
        except (ConnectionClosed, OSError) as error:
            raise ConnectionLost(self._gone()) from error

    def _received(self) -> dict[str, Any] | None:
        """Return the next event; None where none came in a moment."""
        from websockets.exceptions import ConnectionClosed

        try:
            message = self._socket.recv(LOOK)
        except TimeoutError:
            return None
        except (ConnectionClosed, OSError) as error:
            raise ConnectionLost(self._gone()) from error
        try:
            event = json.loads(message)
        except (ValueError, RecursionError) as error:
            raise ConnectionLost(self._garbled()) from error
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            raise ConnectionLost(self._garbled())
        return event

    def _is_of_response(self, event: Mapping[str, Any]) -> bool:
        """Whether an event is of the response that was asked for: those of a former one may still
        come."""
        response = event.get("response")
        if event["type"] == "response.created" and isinstance(response, dict):
            if self._stale:
                self._stale -= 1
            elif not self._begun:
                self._response, self._begun = str(response.get("id")), True
        named = response.get("id") if isinstance(response, dict) else event.get("response_id")
        return bool(self._response) and named == self._response

    def _refused(self, event: Mapping[str, Any]) -> None:
        error = event.get("error")
        error = error if isinstance(error, dict) else {}
        if str(error.get("event_id") or "").startswith(_CHEAP):
            return
        self._said = " ".join(str(error.get("message") or "").split())[:LONGEST_REASON]
        if error.get("event_id"):
            raise self._failed()

    def _check(self, response: Mapping[str, Any]) -> None:
        if response.get("status") == "failed":
            details = response.get("status_details")
            error = details.get("error") if isinstance(details, dict) else None
            said = str(error.get("message") or "") if isinstance(error, dict) else ""
            self._said = said[:LONGEST_REASON] or self._said
            raise self._failed()

    def _failed(self) -> EngineFailed:
        return EngineFailed(
            f"The server {self.address} refused: {self._said or '…'}",
            "Ask again, or choose another server.",
        )

    def _silent(self) -> AvatarError:
        if self._said:
            return self._failed()
        return EngineFailed(
            f"The server {self.address} says nothing more.",
            "Ask again, or raise the option patience.",
        )

    def _gone(self) -> EngineFailed:
        return EngineFailed(
            f"The connection to the server {self.address} broke off.",
            "Ask again; if it happens each time, look at the address.",
        )

    def _garbled(self) -> EngineFailed:
        return EngineFailed(
            f"The server {self.address} does not speak the Realtime protocol.",
            "Check the address, or choose another server.",
        )


def url_of(address: str, model: str) -> str:
    """Return the address of the WebSocket. Raises ConfigInvalid."""
    try:
        parts = urlsplit(address.strip())
        scheme, host = _SCHEMES.get(parts.scheme, ""), parts.hostname
    except ValueError:
        scheme, host = "", None
    if not (scheme and host):
        raise ConfigInvalid(f"The address {address} is invalid.", "It begins with http://")
    path = parts.path.rstrip("/").removesuffix("/realtime") + "/realtime"
    query = "&".join(filter(None, (parts.query, f"model={quote(model)}" if model else "")))
    return urlunsplit((scheme, parts.netloc, path, query, ""))


def _connected(address: str, model: str, opened: ExitStack) -> Any:
    import ssl

    from websockets.exceptions import InvalidStatus, WebSocketException
    from websockets.sync.client import connect

    url = url_of(address, model)
    is_local = is_loopback(address)
    if not is_local:
        check_environment()
    key = key_for(address)
    try:
        return opened.enter_context(
            connect(
                url,
                additional_headers={"Authorization": f"Bearer {key}"} if key else {},
                proxy=None if is_local else True,
                compression=None,
                open_timeout=CONNECT_WITHIN,
                close_timeout=1.0,
                max_size=LARGEST,
            )
        )
    except InvalidStatus as error:
        raise _denied(error.response.status_code, address) from error
    except (OSError, ssl.SSLError) as error:
        raise unreachable(error, address) from error
    except WebSocketException as error:
        raise EngineFailed(
            f"The server {address} does not speak the Realtime protocol.",
            "Check the address, or choose another server.",
        ) from error


def _denied(status: int, address: str) -> AvatarError:
    if status in (401, 403):
        return ConfigInvalid(
            f"The server {address} does not accept the key.",
            f"Store one: avatar-app servers key {address}",
        )
    if status == 404:
        return ConfigInvalid(
            f"The server {address} has nothing at this address.",
            "Check the address: most servers' ends with /v1.",
        )
    return EngineFailed(
        f"The server {address} refused the connection (status {status}).", "Ask again in a while."
    )
