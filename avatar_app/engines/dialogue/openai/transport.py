"""The way to a server: past all proxies to this machine, else as the environment says."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from avatar_app.core.errors import AvatarError, ConfigInvalid, EngineFailed
from avatar_app.core.network import causes, check_environment, is_loopback, root_cause
from avatar_app.core.turn import Turn

CONNECT_WITHIN = 5.0
"""Seconds in which a connection must be made."""
RETRIES = 2
"""After a connection that failed or a server that is busy."""
FIRST_DELAY, LONGEST_DELAY = 0.5, 8.0
"""Seconds between two tries."""
_NOT_READY = 503
"""Status of llama-server, vLLM and others while they load a model."""

_BROKEN = frozenset(
    {"ReadError", "WriteError", "CloseError", "RemoteProtocolError", "DecodingError"}
)
"""What the HTTP library calls an answer that ends, or becomes none, on its way."""

T = TypeVar("T")


def open_http_client(address: str, **options: Any) -> Any:
    """An `httpx.Client` for `address`; `options` are further ones of its constructor.

    Raises ConfigInvalid or ModelMissing, with the cause, where the environment makes one
    impossible.
    """
    import openai

    here = is_loopback(address)
    if not here:
        check_environment()
    return openai.DefaultHttpxClient(trust_env=not here, **options)


def transport_errors() -> tuple[type[Exception], ...]:
    """What the client raises, and its own HTTP library while an answer is read."""
    import openai

    library = openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]
    error: type[Exception] = import_module(library).HTTPError
    return openai.OpenAIError, error


def unreachable(error: Exception, address: str) -> AvatarError:
    """Why no connection to `address` came about."""
    cause = root_cause(error)
    match cause:
        case ssl.SSLCertVerificationError():
            return ConfigInvalid(
                f"The server {address} could not prove that it is the one: {cause.verify_message}.",
                "If it has a certificate of its own, name the file: SSL_CERT_FILE.",
            )
        case ssl.SSLError():
            return ConfigInvalid(
                f"The server {address} speaks no TLS that is understood here.",
                "Look whether its address begins with http:// or https://.",
            )
        case socket.gaierror():
            return EngineFailed(
                f"The name in {address} could not be looked up.",
                "Look at the address, and whether the network is connected.",
            )
    # By their names: the client brings an httpx of its own.
    names = {type(each).__name__ for each in causes(error)}
    if "ProxyError" in names:
        return refused_by_proxy(address)
    if "TooManyRedirects" in names:
        return ConfigInvalid(
            f"The server {address} sends elsewhere again and again.", "Look at the address."
        )
    if names & _BROKEN:
        return EngineFailed(
            f"The connection to the server {address} broke off.",
            "Ask again; if it happens each time, look at the address.",
        )
    return EngineFailed(
        f"The server {address} cannot be reached.",
        "Start it, or choose another address in the settings.",
    )


def refused_by_proxy(address: str) -> AvatarError:
    """What is wrong where a proxy stands before `address`."""
    return EngineFailed(
        f"The proxy does not let through to {address}.",
        "Look at HTTPS_PROXY, ALL_PROXY and NO_PROXY; a name and a password are written like"
        "  http://name:password@proxy.example.com:8080",
    )


def asked_patiently(ask: Callable[[], T], turn: Turn, address: str, patience: float) -> T:
    """What `ask` returns. It is called again after a connection that failed or a server that is
    busy, with growing delays; while a server says that it is not ready, for `patience` seconds.

    Never after a request that was not answered in time: who gives up makes a server that loads its
    model begin again. Raises what the last call raised, or TurnCancelled.
    """
    stopped = threading.Event()
    turn.when_cancelled(stopped.set)

    def before_sleep(state: RetryCallState) -> None:
        if _is_not_ready(_error_of(state)):
            turn.explain_wait(f"The server {address} is loading its model.")
        turn.check()

    def stop(state: RetryCallState) -> bool:
        if _is_not_ready(_error_of(state)):
            return (state.seconds_since_start or 0.0) >= patience
        return state.attempt_number > RETRIES

    tries = Retrying(
        retry=retry_if_exception(_may_pass),
        stop=stop,
        wait=_delay,
        before_sleep=before_sleep,
        sleep=lambda seconds: turn.check() if stopped.wait(seconds) else None,
        reraise=True,
    )
    turn.explain_wait(f"The server {address} has not answered yet; it may be loading its model.")
    return tries(ask)


def longest_silence(patience: float) -> float:
    """Seconds after which an answer has come or was given up, whatever happens."""
    return patience + (RETRIES + 1) * (patience + CONNECT_WITHIN + LONGEST_DELAY)


def _error_of(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()


def _is_not_ready(error: BaseException | None) -> bool:
    return getattr(error, "status_code", 0) == _NOT_READY


def _may_pass(error: BaseException) -> bool:
    import openai

    match error:
        case openai.APITimeoutError():
            return type(error.__cause__).__name__ == "ConnectTimeout"
        case openai.APIConnectionError():
            return not isinstance(root_cause(error), ssl.SSLError)
        case openai.RateLimitError():
            return error.code != "insufficient_quota"
        case openai.APIStatusError():
            return error.status_code >= 500 or error.status_code in (408, 409)
    return False


def _delay(state: RetryCallState) -> float:
    """Seconds: as the server says, else twice as long each time."""
    response = getattr(_error_of(state), "response", None)
    told = response.headers.get("retry-after", "") if response is not None else ""
    if told.isdigit():
        return min(float(told), LONGEST_DELAY)
    return float(min(FIRST_DELAY * 2 ** (state.attempt_number - 1), LONGEST_DELAY / 4))
