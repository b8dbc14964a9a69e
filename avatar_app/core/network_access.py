"""What the program may reach: everything, this computer only, or nothing."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

_NAMES = frozenset(("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"))
"""This machine's names in the hosts files of common systems."""
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
    name = name.lower().removesuffix(".")
    if name in _NAMES or name.endswith(".localhost"):
        return True
    address = _address_of(name.partition("%")[0])
    if address is None:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def _address_of(number: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a number is, also in a short form such as 127.1 or 0x7f000001, as
    the system understands it; None for a name."""
    with suppress(ValueError):
        return ip_address(number)
    try:
        parts = [_part(each) for each in number.split(".")]
        value = sum(part << 8 * (3 - at) for at, part in enumerate(parts[:-1])) + parts[-1]
        small = max(parts[:-1], default=0) < 256 and parts[-1] < 1 << 8 * (5 - len(parts))
        return IPv4Address(value) if small and len(parts) <= 4 else None
    except ValueError:
        return None


def _part(written: str) -> int:
    """Return a part of a number: decimal, octal after 0, hexadecimal after 0x."""
    if not written.isalnum() or not written.isascii():
        raise ValueError(written)
    if written.startswith("0x"):
        return int(written, 16)
    return int(written, 8 if written.startswith("0") else 10)
