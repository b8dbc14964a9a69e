"""Checks of the headers Host and Origin: web pages of others must not reach the server.

A page whose name was pointed at this machine (DNS rebinding) sends its own name as Host; a page of
another site sends its own address as Origin.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from avatar_app.server.refusal import RequestRefused

LOOPBACK = frozenset(("localhost",))


class HostCheck:
    """Knows by which names the server may be called."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """`names`: besides those of this machine itself."""
        self._names = LOOPBACK | {name.lower() for name in names}

    def check(self, host: str | None, origin: str | None) -> None:
        """Raise RequestRefused for a request to another name, or from a page of another site."""
        name = _name_of(host or "")
        if name is None or not (name in self._names or _is_address(name)):
            raise RequestRefused(
                421,
                f"The server is not called {(host or 'nothing')[:80]!r}.",
                "Use its own address, or start it with --name.",
                "wrong_host",
            )
        if origin is not None and not self._is_own(origin, host or ""):
            raise RequestRefused(
                403,
                f"Pages of {origin[:80]!r} may not use the server.",
                "Open the server's own page.",
                "wrong_origin",
            )

    def _is_own(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _is_address(name: str) -> bool:
    """A number cannot be pointed at another machine by its owner, as a name can."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name_of(host: str) -> str | None:
    """Return the name without the port; None where there is no valid one."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    is_plain = not (parts.path or parts.query or parts.fragment or "@" in host)
    return parts.hostname if is_plain else None
