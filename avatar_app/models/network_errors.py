"""Converts network errors to one clear sentence each, and marks temporary ones."""

from __future__ import annotations

import socket
import ssl

import httpx

from avatar_app.core.network import causes
from avatar_app.core.network_access import ALLOW_NETWORK
from avatar_app.models.errors import AGAIN, DownloadFailed, Passing, Unreachable, host

_PASSING_STATUS = {408, 425, 429}


def of_transport(error: httpx.HTTPError, url: str) -> DownloadFailed:
    """Convert a connection error."""
    at = host(url)
    if any(isinstance(cause, PermissionError) for cause in causes(error)):
        return DownloadFailed(f"Connections to {at} are not allowed.", ALLOW_NETWORK)
    match _root(error):
        case ssl.SSLCertVerificationError() as root:
            return DownloadFailed(
                f"The certificate of {at} is invalid: {root.verify_message}.",
                "Check this machine's clock, and any proxy between you and the internet.",
            )
        case ssl.SSLError():
            return Unreachable(f"No secure connection to {at} could be made.", AGAIN)
        case socket.gaierror():
            return Unreachable(
                f"The name {at} could not be looked up.", f"Is the network connected? {AGAIN}"
            )
    match error:
        case httpx.ConnectTimeout():
            return Unreachable(f"{at} does not answer.", AGAIN)
        case httpx.TimeoutException():
            return Passing(f"{at} does not answer.", AGAIN)
        case httpx.ProxyError():
            return DownloadFailed(
                f"The proxy refused to connect to {at}.", "Check HTTPS_PROXY and NO_PROXY."
            )
        case httpx.ConnectError():
            return Unreachable(f"{at} cannot be reached.", f"Is the network connected? {AGAIN}")
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError():
            return Passing(f"{at} cut the connection.", AGAIN)
    return DownloadFailed(f"The request to {at} failed: {error}.", "Look at the address.")


def of_status(status: int, url: str) -> DownloadFailed:
    """Convert a status code other than success."""
    at = host(url)
    if status >= 500 or status in _PASSING_STATUS:
        return Passing(f"{at} is overloaded or out of order (status {status}).", AGAIN)
    if status in (404, 410):
        return DownloadFailed(
            f"{at} no longer has the file (status {status}).",
            "Download it manually, then type: avatar-app models import PATH",
        )
    if status in (401, 403):
        return DownloadFailed(
            f"{at} requires signing in to download the file (status {status}).",
            "Download it manually, then type: avatar-app models import PATH",
        )
    return DownloadFailed(f"{at} refused the request (status {status}).", "Look at the address.")


def _root(error: BaseException) -> BaseException:
    """Return the underlying error of the operating system or the TLS library."""
    seen: BaseException = error
    while (deeper := seen.__cause__ or seen.__context__) is not None:
        seen = deeper
        if isinstance(seen, ssl.SSLError | socket.gaierror):
            return seen
    return seen
