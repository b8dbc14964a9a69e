"""A keyring in memory, and no test meets that of who runs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.credentials import Credential, SimpleCredential
from keyring.errors import KeyringLocked, PasswordDeleteError


class MemoryKeyring(KeyringBackend):
    """Keeps what it is told, by service and user name; it can be locked."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.passwords: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringLocked
        return self.passwords.get((service, username))

    def get_credential(self, service: str, username: str | None) -> Credential | None:
        """As most systems do: without a user name the first entry of the service."""
        names = (name for of, name in self.passwords if of == service)
        found = next(names, None) if username is None else username
        password = None if found is None else self.get_password(service, found)
        return None if found is None or password is None else SimpleCredential(found, password)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.passwords.pop((service, username), None) is None:
            raise PasswordDeleteError


@contextmanager
def keyring_in_use(backend: KeyringBackend) -> Iterator[None]:
    """Every key goes to `backend` and comes from it."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(before)
