"""Refusals: why a request is not served, in one sentence and as OpenAI's clients read it."""

from __future__ import annotations

from typing import Any

from avatar_app.core.errors import (
    AvatarError,
    ConfigInvalid,
    InputInvalid,
    ModelMissing,
    OutOfMemory,
)

INVALID = "invalid_request_error"
_LONGEST = 300
"""Characters of a message, which may repeat what a client sent."""
_STATUS = {ConfigInvalid: 400, InputInvalid: 400, ModelMissing: 503, OutOfMemory: 503}


class RequestRefused(AvatarError):
    """The server does not do what was asked, for reasons of its own."""

    def __init__(self, status: int, message: str, hint: str = "", code: str | None = None) -> None:
        """`status`: of HTTP. `code`: what programs look at."""
        super().__init__(message, hint)
        self.args = (status, message, hint, code)
        self.status, self.code = status, code


def status_of(error: AvatarError) -> int:
    """Return the HTTP status that says whose fault an error is."""
    if isinstance(error, RequestRefused):
        return error.status
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)


def error_of(error: AvatarError, param: str | None = None) -> dict[str, Any]:
    """Return the error as OpenAI's API describes errors."""
    status = status_of(error)
    return {
        "message": _sentence(error),
        "type": "server_error" if status >= 500 else INVALID,
        "param": param,
        "code": error.code if isinstance(error, RequestRefused) else None,
    }


def _sentence(error: AvatarError) -> str:
    if len(error.message) <= _LONGEST:
        return str(error)
    return str(AvatarError(f"{error.message[:_LONGEST]}…", error.hint))
