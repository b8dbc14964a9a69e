"""Signs records with a per-user key, so that changes are detected.

HMAC-SHA256 (RFC 2104): the signer is also the verifier, so that no key pair is needed. The key is
stored in the system's keyring, or without one in a file that only the user may read. It protects
against other people, files from elsewhere and accidents; the owner of the account can read the key
and sign anything.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.system.files import replace_file
from avatar_app.system.paths import AppPaths

KEYRING = "avatar-app voices"
"""Service name of the key in the system's keyring."""
KEY_FILE = "voices.key"
ACCOUNT_FILE = "voices.account"
"""User name of the key in the keyring: the path of the data folder when it was created. It is
looked up here, so that a folder that was moved finds its key."""
KEY_BYTES = 32
_IN_KEYRING = b"in the system's keyring\n"
"""Content of KEY_FILE where the key is in the keyring: a locked keyring must not lead to a
new key."""


def signing_key(paths: AppPaths) -> bytes:
    """Return the key, created at the first call. Raises ConfigInvalid where it cannot be stored or
    read."""
    path = paths.data / KEY_FILE
    if path.exists():
        return _read(path)
    key = secrets.token_bytes(KEY_BYTES)
    replace_file(path, _IN_KEYRING if _into_keyring(paths.data, key.hex()) else key, mode=0o600)
    return key


class Purpose(StrEnum):
    """What a record is for; one signed for another purpose is rejected."""

    ASKED = "asked"
    CONSENT = "consent"
    REVOKED = "revoked"


_RECORDS = {Purpose.CONSENT: "voices/*/consent.json", Purpose.REVOKED: "voices/revoked.json"}
"""Where signed records lie in the data folder."""


def sign_record(record: dict[str, Any], purpose: Purpose, key: bytes) -> bytes:
    """Return the record and its signature as JSON."""
    document = {"record": record, "signature": _mac(record, purpose, key)}
    return (json.dumps(document, indent=2) + "\n").encode()


def verify_record(text: str, purpose: Purpose, key: bytes) -> dict[str, Any]:
    """Return the record. Raises InputInvalid where it or its signature was changed, or is another
    user's."""
    try:
        document = json.loads(text)
        record, signature = document["record"], document["signature"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refused() from error
    if not isinstance(record, dict) or not isinstance(signature, str) or not signature.isascii():
        raise _refused()
    if not hmac.compare_digest(_mac(record, purpose, key), signature):
        raise _refused()
    return record


def _refused() -> InputInvalid:
    return InputInvalid(
        "The signature is invalid: the record was changed, or signed by another user.",
        "Ask the speaker for consent again: avatar-app voices clone REFERENCE --name NAME --record",
    )


def _mac(record: dict[str, Any], purpose: Purpose, key: bytes) -> str:
    text = f"{purpose}\n{json.dumps(record, sort_keys=True, separators=(',', ':'))}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _from_keyring(data: Path) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise _locked() from None
    try:
        account = _account(data)
        stored = keyring.get_password(KEYRING, account) if account else _unnoted(data)
    except KeyringError as error:
        raise _locked() from error
    if stored is None:
        raise _locked()
    return str(stored)


def _unnoted(data: Path) -> str | None:
    """Return the key of a folder that has not noted its account: that of its path or, where it was
    moved, one that signed its records. An account that is certain is noted."""
    import keyring

    path = str(data.absolute())
    of_path, first = keyring.get_password(KEYRING, path), keyring.get_credential(KEYRING, None)
    found = {first.username: first.password} if first is not None else {}
    for account, key in ({path: of_path} | found).items():
        if key is not None and _has_signed(key, data):
            with suppress(ConfigInvalid):  # where it cannot be noted the folder must not be moved
                _note_account(data, account)
            return str(key)
    return of_path


def _has_signed(key: str, data: Path) -> bool:
    """Whether any record in the folder was signed with the key."""
    try:
        secret = bytes.fromhex(key)
    except ValueError:
        return False
    for purpose, pattern in _RECORDS.items():
        for path in data.glob(pattern):
            with suppress(InputInvalid, OSError, ValueError):
                verify_record(path.read_text(encoding="utf-8"), purpose, secret)
                return True
    return False


def _account(data: Path) -> str:
    """Return the noted account; empty where none is."""
    try:
        return os.fsdecode((data / ACCOUNT_FILE).read_bytes()).removesuffix("\n")
    except OSError:
        return ""


def _note_account(data: Path, account: str) -> None:
    replace_file(data / ACCOUNT_FILE, os.fsencode(f"{account}\n"))


def _locked() -> ConfigInvalid:
    return ConfigInvalid(
        "The key of the cloned voices is in the keyring, which is locked or denies access.",
        f"Unlock it. If it is lost, delete {KEY_FILE}, and all cloned voices need consent again.",
    )


def _into_keyring(data: Path, key: str) -> bool:
    """Store the key in an account of its own: that of the path may belong to a folder that was
    moved from there."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return False
    account = str(data.absolute())
    try:
        if keyring.get_password(KEYRING, account) is not None:
            account = f"{account} {secrets.token_hex(4)}"
        keyring.set_password(KEYRING, account, key)
        if keyring.get_password(KEYRING, account) != key:
            return False
    except KeyringError:
        return False
    _note_account(data, account)
    return True


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except OSError as error:
        raise ConfigInvalid(
            f"The key {path} cannot be read: {error.strerror}.", "Make it readable."
        ) from error
    if key == _IN_KEYRING:
        key = bytes.fromhex(_from_keyring(path.parent))
    if len(key) != KEY_BYTES:
        raise ConfigInvalid(
            f"The key {path} is damaged.",
            "Restore it from a backup; or delete it, and all cloned voices need consent again.",
        )
    return key
