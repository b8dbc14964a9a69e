"""The keys of servers, in the system's keyring."""

from __future__ import annotations

KEYRING = "avatar_app"
"""Service name in the system's keyring; keys are stored by the server's address."""


def key_for(address: str) -> str:
    """Return the key for a server from the system's keyring; empty without one."""
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(KEYRING, canonical(address)) or ""
    except KeyringError:
        return ""  # no keyring here; a server that needs a key reports that


def canonical(address: str) -> str:
    """Return the normalized address under which its key is stored."""
    return address.strip().rstrip("/")
