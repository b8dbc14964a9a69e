"""The WebSocket to a realtime server: events both ways, and its failures as sentences."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import Any

from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.turn import Turn
from avatar_app.engines.dialogue.realtime.opening import connected
from avatar_app.engines.dialogue.realtime.server_turns import TurnWatch

LOOK = 0.05
"""Seconds after which a waiting engine looks whether its turn was cancelled."""
LONGEST_REASON = 200
_CHEAP = "lenient-"
"""Begins the names of events whose failure changes nothing."""


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
        self._watch: TurnWatch | None = None
        self._begun, self._stale = True, 0
        """Whether the last response has begun, and how many before it that are not wanted have
        not."""
        self._said = ""
        """What the server said is wrong."""
        self._count = 0
        self._opened = ExitStack()
        self._socket = connected(address, model, self._opened)

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

    @property
    def is_detecting(self) -> bool:
        """Whether the server has still to find the end of a turn."""
        return self._watch is not None

    def ask(self) -> None:
        """Ask for a response."""
        self._expect(None)
        self.send("response.create")

    def await_end(self, watch: TurnWatch) -> None:
        """Expect the response that the server makes by itself once the turn has ended."""
        self._expect(watch)

    def _expect(self, watch: TurnWatch | None) -> None:
        self._stale += not self._begun
        self._response, self._is_asked, self._begun, self._said = "", True, False, ""
        self._watch = watch

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
            self._detect(event)
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

    def _detect(self, event: Mapping[str, Any] | None) -> None:
        """Follow the server's turn detection; ask for what it does not make by itself."""
        watch = self._watch
        if watch is None:
            return
        if event is None:
            if watch.is_unheard:
                self._watch = None
                self.send("input_audio_buffer.commit")
                self.send("response.create")
            return
        watch.take(event)
        response = event.get("response")
        ended = response if isinstance(response, dict) else {}
        if event["type"] == "response.done" and watch.is_over_with(ended):
            self._watch = None
            self.send("response.create")

    def _is_of_response(self, event: Mapping[str, Any]) -> bool:
        """Whether an event is of the response that was asked for: those of a former one may still
        come."""
        response = event.get("response")
        if event["type"] == "response.created" and isinstance(response, dict):
            if self._stale:
                self._stale -= 1
            elif not self._begun and (
                self._watch is None or self._watch.takes(str(response.get("id")))
            ):
                self._response, self._begun = str(response.get("id")), True
                self._watch = None
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
