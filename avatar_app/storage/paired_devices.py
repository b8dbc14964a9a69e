"""Stores paired devices in SQLite: each has a token of its own, given for a code shown here.

Only hashes are stored. Commands and a running server share the file, so that a device is known, and
a revoked one refused, at once.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.storage.database import Database, Migration
from avatar_app.storage.timestamps import format_timestamp
from avatar_app.system.paths import AppPaths

FILE = "devices.db"
CODE_SECONDS = 600.0
"""Seconds for which a pairing code is valid."""
CODE_DIGITS = 8
MOST_TRIES = 5
"""Wrong codes after which the right one is void, too."""
PREFIX = "avatar-"
LONGEST_NAME = 60
_HINT = "Type avatar-app serve pair, and use the code that it shows."


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE devices (id TEXT PRIMARY KEY, name TEXT NOT NULL, token TEXT NOT NULL UNIQUE,"
        " paired TEXT NOT NULL)"  # token: SHA-256; paired: ISO 8601, UTC
    )
    connection.execute(
        "CREATE TABLE codes (code TEXT PRIMARY KEY, until REAL NOT NULL, tries INTEGER NOT NULL)"
    )


MIGRATIONS: list[Migration] = [_create]
"""Each leads from the version that is its index to the next; append only."""


@dataclass(frozen=True, slots=True)
class PairedDevice:
    """A device that may use the server."""

    id: str
    name: str
    paired: str
    """When, ISO 8601, UTC."""


class PairedDevices:
    """The devices of one user. Thread-safe. Raises InputInvalid where the file cannot be used."""

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self._now = Database(path, MIGRATIONS), now

    @classmethod
    def of(cls, paths: AppPaths) -> PairedDevices:
        return cls(paths.data / FILE)

    def begin_pairing(self) -> str:
        """Return a new code, with which one device can be paired; a former code is void."""
        code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
        until = self._now().timestamp() + CODE_SECONDS
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM codes")
            connection.execute("INSERT INTO codes VALUES (?, ?, 0)", (_hash(code), until))
        return code

    def pair(self, code: str, name: str) -> tuple[PairedDevice, str]:
        """Return a new device and its token, which is stored nowhere. Raises InputInvalid for a
        wrong code."""
        self._use_up(code)
        token = PREFIX + secrets.token_urlsafe(32)
        device = PairedDevice(secrets.token_hex(4), _printable(name), format_timestamp(self._now()))
        row = (device.id, device.name, _hash(token), device.paired)
        with self._database.transaction() as connection:
            connection.execute("INSERT INTO devices VALUES (?, ?, ?, ?)", row)
        return device, token

    def all(self) -> tuple[PairedDevice, ...]:
        """Return all devices, the oldest first."""
        with self._database.transaction() as connection:
            rows = connection.execute("SELECT id, name, paired FROM devices ORDER BY paired, id")
            return tuple(PairedDevice(*row) for row in rows)

    def owner_of(self, token: str) -> PairedDevice | None:
        """Return the device that has this token; None where none has."""
        query = "SELECT id, name, paired FROM devices WHERE token = ?"
        with self._database.transaction() as connection:
            row = connection.execute(query, (_hash(token),)).fetchone()
        return PairedDevice(*row) if row else None

    def revoke(self, name: str) -> PairedDevice:
        """Remove the device of this id or name. Raises ConfigInvalid for an unknown one, or a name
        that several have."""
        known = self.all()
        found = [each for each in known if name in (each.id, each.name)]
        if len(found) != 1:
            listed = ", ".join(f"{each.id} ({each.name})" for each in known)
            raise ConfigInvalid(
                f"{'Several devices are' if found else 'No device is'} called {name!r}.",
                f"There are {listed}." if known else "No device is paired.",
            )
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM devices WHERE id = ?", (found[0].id,))
        return found[0]

    def close(self) -> None:
        self._database.close()

    def _use_up(self, code: str) -> None:
        """Delete the code, if it is right; after MOST_TRIES wrong ones, too."""
        with self._database.transaction() as connection:
            now = self._now().timestamp()
            connection.execute("DELETE FROM codes WHERE until < ?", (now,))
            deleted = connection.execute("DELETE FROM codes WHERE code = ?", (_hash(code.strip()),))
            if deleted.rowcount:
                return
            connection.execute("UPDATE codes SET tries = tries + 1")
            connection.execute("DELETE FROM codes WHERE tries >= ?", (MOST_TRIES,))
        raise InputInvalid("The pairing code is wrong, or no longer valid.", _HINT)


def _hash(secret: str) -> str:
    """Tokens are long and random, and codes are void soon, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _printable(name: str) -> str:
    kept = "".join(each for each in name if each.isprintable()).strip()[:LONGEST_NAME]
    return kept or "device"
