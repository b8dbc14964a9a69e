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
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Any

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.system.files import replace_file
from avatar_app.system.paths import AppPaths

KEYRING = "avatar-app voices"
"""Service name of the key in the system's keyring; the user name is the data folder."""
KEY_FILE = "voices.key"
KEY_BYTES = 32
_IN_KEYRING = b"in the system's keyring\n"
"""Content of KEY_FILE where the key is in the keyring: a locked keyring must not lead to a
new key."""


def signing_key(paths: AppPaths) -> bytes:
    """Return the key, created at the first call. Raises ConfigInvalid where it cannot be stored or
    read."""
    path = paths.data / KEY_FILE
    account = str(paths.data.absolute())
    if path.exists():
        return _read(path, account)
    key = secrets.token_bytes(KEY_BYTES)
    replace_file(path, _IN_KEYRING if _into_keyring(account, key.hex()) else key, mode=0o600)
    return key


class Purpose(StrEnum):
    """What a record is for; one signed for another purpose is rejected."""

    ASKED = "asked"
    CONSENT = "consent"
    REVOKED = "revoked"


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


def _from_keyring(account: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise _locked() from None
    try:
        stored = keyring.get_password(KEYRING, account)
    except KeyringError as error:
        raise _locked() from error
    if stored is None:
        raise _locked()
    return str(stored)


def _locked() -> ConfigInvalid:
    return ConfigInvalid(
        "The key of the cloned voices is in the keyring, which is locked or denies access.",
        f"Unlock it. If it is lost, delete {KEY_FILE}, and all cloned voices need consent again.",
    )


def _into_keyring(account: str, key: str) -> bool:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return False
    try:
        keyring.set_password(KEYRING, account, key)
        return keyring.get_password(KEYRING, account) == key
    except KeyringError:
        return False


def _read(path: Path, account: str) -> bytes:
    try:
        key = path.read_bytes()
    except OSError as error:
        raise ConfigInvalid(
            f"The key {path} cannot be read: {error.strerror}.", "Make it readable."
        ) from error
    if key == _IN_KEYRING:
        key = bytes.fromhex(_from_keyring(account))
    if len(key) != KEY_BYTES:
        raise ConfigInvalid(
            f"The key {path} is damaged.",
            "Restore it from a backup; or delete it, and all cloned voices need consent again.",
        )
    return key
