"""HTTP transport to a server: proxies, retries and connection errors."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from avatar_app.core.network import check_environment, is_loopback, root_cause
from avatar_app.core.turn import Turn
from avatar_app.engines.dialogue.servers.failures import is_refused

CONNECT_WITHIN = 5.0
"""Timeout in seconds for connecting."""
RETRIES = 2
"""Retries after a failed connection or a busy server."""
FIRST_DELAY, LONGEST_DELAY = 0.5, 8.0
"""Seconds between two attempts."""
_NOT_READY = 503
"""Status of llama-server, vLLM and others while they load a model."""
_LOADING = re.compile(r"(?:is|still) (?:loading|warming up|starting)|loading model")
"""What servers write that send another status then."""

T = TypeVar("T")


def open_http_client(address: str, **options: Any) -> Any:
    """Return an `httpx.Client` for `address`; `options` are further ones of its constructor.

    Raises ConfigInvalid or ModelMissing, with the cause, where the environment makes one
    impossible.
    """
    import openai

    is_local = is_loopback(address)
    if not is_local:
        check_environment()
    return openai.DefaultHttpxClient(trust_env=not is_local, **options)


def transport_errors() -> tuple[type[Exception], ...]:
    """What the client raises, and its own HTTP library while an answer is read."""
    import openai

    library = openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]
    error: type[Exception] = import_module(library).HTTPError
    return openai.OpenAIError, error


def asked_patiently(ask: Callable[[], T], turn: Turn, address: str, patience: float) -> T:
    """Return the result of `ask`. It is called again after a failed connection or a busy server,
    with growing delays; while a server reports that it is not ready, for `patience` seconds.

    Never after a request that timed out: aborting it makes a server that is loading its model start
    again. Raises what the last call raised, or TurnCancelled.
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
    """Return the seconds after which an answer has arrived or was given up in any case."""
    return patience + (RETRIES + 1) * (patience + CONNECT_WITHIN + LONGEST_DELAY)


def _error_of(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()


def _is_not_ready(error: BaseException | None) -> bool:
    status = getattr(error, "status_code", 0)
    return status == _NOT_READY or (
        status >= 400 and bool(_LOADING.search(str(getattr(error, "message", "")).lower()))
    )


def _may_pass(error: BaseException) -> bool:
    import openai

    if _is_not_ready(error):
        return True
    match error:
        case openai.APITimeoutError():
            return type(error.__cause__).__name__ == "ConnectTimeout"
        case openai.APIConnectionError():
            return not (isinstance(root_cause(error), ssl.SSLError) or is_refused(error))
        case openai.RateLimitError():
            return error.code != "insufficient_quota"
        case openai.APIStatusError():
            return error.status_code >= 500 or error.status_code in (408, 409)
    return False


def _delay(state: RetryCallState) -> float:
    """Return the delay in seconds: as the server says, else twice as long each time."""
    response = getattr(_error_of(state), "response", None)
    header = response.headers.get("retry-after", "") if response is not None else ""
    if header.isdigit():
        return min(float(header), LONGEST_DELAY)
    return float(min(FIRST_DELAY * 2 ** (state.attempt_number - 1), LONGEST_DELAY / 4))
