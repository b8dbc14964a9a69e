"""Opens the WebSocket to a realtime server, or says why there is none."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from avatar_app.core.errors import AvatarError, ConfigInvalid, EngineFailed
from avatar_app.core.network import check_environment, is_loopback
from avatar_app.engines.dialogue.servers.failures import unreachable
from avatar_app.engines.dialogue.servers.keys import key_for

CONNECT_WITHIN = 5.0
"""Timeout in seconds for connecting."""
LARGEST = 4 << 20
"""Bytes of one message: a minute of sound as base64."""
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


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


def connected(address: str, model: str, opened: ExitStack) -> Any:
    """Return the open socket, which is closed with `opened`. Raises AvatarError."""
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
