"""Connections to a server that can be cut at any moment, API keys, and conversion of errors."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from avatar_app.core.errors import AvatarError, ConfigInvalid, EngineFailed
from avatar_app.core.network import causes
from avatar_app.engines.dialogue.openai.transport import transport_errors
from avatar_app.engines.dialogue.servers.failures import refused_by_proxy, unreachable

NO_KEY = "unused"
"""Servers on this computer need no key, but the client requires one."""
LONGEST_REASON = 300
"""Maximum letters of a server's message."""
PAYMENT_REQUIRED = 402
_UNPAID = ("insufficient_quota", "billing", "credit", "balance", "current quota", "payment")
_FILTERED = re.compile(r"content.?(?:filter|management policy)|flagged|moderation|safety system")
_WRONG_KEY = re.compile(r"api.?key (?:is )?(?:not valid|invalid)|invalid api.?key")
_TOO_LONG = re.compile(r"context (?:length|size|window)|maximum.{0,20}tokens|too long|n_ctx")


class Wire:
    """The connections of one request. `cut` ends it wherever it waits: a socket that is merely
    closed would leave a thread waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def watch(self, request: Any) -> None:
        """Event hook of httpx, called before a request is sent."""
        request.extensions["trace"] = self._traced

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            for connected in self._sockets:
                _shut(connected)

    def _traced(self, event: str, facts: dict[str, Any]) -> None:
        if not event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            return
        connected = facts["return_value"].get_extra_info("socket")
        if connected is None:
            return
        with self._lock:
            self._sockets.append(connected)
            if self._is_cut:
                _shut(connected)


def _shut(connected: socket.socket) -> None:
    with suppress(OSError):  # the other side may be closed
        connected.shutdown(socket.SHUT_RDWR)


def _is_unpaid(error: Any) -> bool:
    """Whether the account is out of credit, for which many servers send 429 like busy ones."""
    code = str(getattr(error, "code", "") or "")
    said = f"{code} {reason_of(error)}".lower()
    return (
        error.status_code == PAYMENT_REQUIRED
        or (error.status_code in (403, 429) and any(word in said for word in _UNPAID))
        or "credit balance" in said
    )


def _says(error: Any, pattern: re.Pattern[str]) -> bool:
    """Whether a request is refused for a reason that the message tells."""
    refused = error.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)
    return refused and bool(pattern.search(f"{error.code} {reason_of(error)}".lower()))


def translate_error(error: Exception, address: str) -> AvatarError:
    """Convert the client's exceptions to user-facing errors."""
    import openai

    reason = reason_of(error)
    match error:
        case openai.APIStatusError() if _is_unpaid(error):
            return ConfigInvalid(
                f"The server {address} requires payment: {reason}",
                "Check your account and its limits there, or choose another server.",
            )
        case openai.APIStatusError() if _says(error, _FILTERED):
            return EngineFailed(
                f"The server {address} refused: {reason}",
                "Say it in other words, or choose another model.",
            )
        case openai.BadRequestError() if _says(error, _WRONG_KEY):
            return _unknown_key(address)
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return _unknown_key(address)
        case openai.NotFoundError() if not isinstance(error.body, dict):
            return ConfigInvalid(
                f"The server {address} has nothing at this address: {reason}",
                "Check the address: most servers' ends with /v1.",
            )
        case openai.NotFoundError():
            return ConfigInvalid(
                f"The server {address} does not know the model: {reason}",
                "List its models: avatar-app servers scan",
            )
        case openai.RateLimitError():
            return EngineFailed(f"The server {address} is busy: {reason}", "Ask again in a while.")
        case openai.APITimeoutError():
            return silent(address)
        case openai.APIStatusError() if (
            error.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
        ):
            return refused_by_proxy(address)
        case openai.APIStatusError() if _is_too_long(error, reason):
            return EngineFailed(
                f"The server {address} refused: {reason}",
                "Lower the option context, or choose another model.",
            )
        case openai.APIConnectionError():
            return unreachable(error, address)
        case openai.BadRequestError():
            return EngineFailed(f"The server {address} refused: {reason}", "Choose another model.")
    if isinstance(error, transport_errors()) and not isinstance(error, openai.APIError):
        timed_out = any("Timeout" in type(each).__name__ for each in causes(error))
        return silent(address) if timed_out else unreachable(error, address)
    return EngineFailed(f"The server {address} failed: {reason}", "Ask again.")


def _unknown_key(address: str) -> AvatarError:
    return ConfigInvalid(
        f"The server {address} does not accept the key.",
        f"Store one: avatar-app servers key {address}",
    )


def silent(address: str) -> AvatarError:
    """A server that says nothing for too long."""
    return EngineFailed(
        f"The server {address} did not answer in time.",
        "It may still be loading the model; ask again, or choose a longer patience.",
    )


def reported(body: Any, address: str) -> AvatarError:
    """An error that a server reports in the midst of an answer."""
    return EngineFailed(
        f"The server {address} failed: {_error_text(body) or 'it says not why.'}", "Ask again."
    )


def _is_too_long(error: Any, reason: str) -> bool:
    return error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or (
        error.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
        and bool(_TOO_LONG.search(reason.lower()))
    )


def reason_of(error: Exception) -> str:
    """Return the server's own error message, without the client's wrapping."""
    text = _error_text(getattr(error, "body", None))
    status = getattr(error, "status_code", None)
    if not text or text.startswith("<"):  # a web page
        text = _phrase(status) if status else str(getattr(error, "message", error))
    return text[:LONGEST_REASON]


def _error_text(body: Any) -> str:
    """The sentence in what a server says of an error; empty where it holds none."""
    for name in ("message", "detail", "error", "msg"):
        if isinstance(body, dict):
            body = body.get(name, body)
        if isinstance(body, list):  # FastAPI lists what it misses
            body = body[0] if body else None
    return " ".join(body.split()) if isinstance(body, str) else ""


def _phrase(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase} ({status})."
    except ValueError:
        return f"status {status}."
