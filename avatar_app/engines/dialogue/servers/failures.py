"""Why a server cannot be reached, as sentences for the user."""

from __future__ import annotations

import socket
import ssl

from avatar_app.core.errors import AvatarError, ConfigInvalid, EngineFailed
from avatar_app.core.network import causes, root_cause
from avatar_app.core.network_access import ALLOW_NETWORK

_BROKEN = frozenset(
    {"ReadError", "WriteError", "CloseError", "RemoteProtocolError", "DecodingError"}
)
"""What the HTTP library calls an answer that ends, or becomes none, on its way."""


def unreachable(error: Exception, address: str) -> AvatarError:
    """Return the error for a failed connection to `address`."""
    if is_refused(error):
        return EngineFailed(f"Connections to {address} are not allowed.", ALLOW_NETWORK)
    cause = root_cause(error)
    match cause:
        case ssl.SSLCertVerificationError():
            return ConfigInvalid(
                f"The certificate of the server {address} is invalid: {cause.verify_message}.",
                "If it has a certificate of its own, name the file: SSL_CERT_FILE.",
            )
        case ssl.SSLError():
            return ConfigInvalid(
                f"The server {address} does not support TLS, or an unknown version.",
                "Check whether its address begins with http:// or https://.",
            )
        case socket.gaierror():
            return EngineFailed(
                f"The name in {address} could not be looked up.",
                "Check the address, and whether the network is connected.",
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
        f"The proxy refused to connect to {address}.",
        "Look at HTTPS_PROXY, ALL_PROXY and NO_PROXY; a name and a password are written like"
        "  http://name:password@proxy.example.com:8080",
    )


def is_refused(error: BaseException) -> bool:
    """Whether the user does not allow the connection."""
    return any(isinstance(each, PermissionError) for each in causes(error))
