"""What the program may reach: everything, this computer only, or nothing."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address

ALLOW_NETWORK = "Allow it on the page Privacy, or type: avatar-app settings set network.allowed all"
"""What to do where a connection was refused."""


class NetworkAccess(StrEnum):
    """How far connections may go."""

    ALL = "all"
    LOCAL = "local"
    """Servers on this computer."""
    NONE = "none"


def is_loopback_host(name: str) -> bool:
    """Return whether a host's name or number is this machine itself."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)
