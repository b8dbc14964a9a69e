"""Signs what must not be changed unnoticed, with a key that only this user's program has.

HMAC-SHA256 (RFC 2104): who signs is also who verifies, so that no pair of keys is needed. The key
lies in the system's keyring, or where there is none in a file that only the user may read. It keeps
other people, files from elsewhere and accidents from making a voice; whoever owns the account and
wants to can read the key and sign what they like.
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
"""Under this name the key is kept in the system's keyring, by the folder of the user's data."""
KEY_FILE = "voices.key"
KEY_BYTES = 32
_IN_KEYRING = b"in the system's keyring\n"
"""KEY_FILE where the key is not in it: a locked keyring must not bring about a new key."""


def signing_key(places: AppPaths) -> bytes:
    """The key, made at the first call. ConfigInvalid where it can be kept nowhere, or not read."""
    path = places.data / KEY_FILE
    account = str(places.data.absolute())
    if path.exists():
        return _read(path, account)
    key = secrets.token_bytes(KEY_BYTES)
    replace_file(path, _IN_KEYRING if _into_keyring(account, key.hex()) else key, mode=0o600)
    return key


class Purpose(StrEnum):
    """What a record is for; one that was signed for another is refused."""

    ASKED = "asked"
    CONSENT = "consent"
    REVOKED = "revoked"


def signed(record: dict[str, Any], purpose: Purpose, key: bytes) -> bytes:
    """The record and its signature as JSON."""
    document = {"record": record, "signature": _mac(record, purpose, key)}
    return (json.dumps(document, indent=2) + "\n").encode()


def verified(text: str, purpose: Purpose, key: bytes) -> dict[str, Any]:
    """The record. InputInvalid where it or its signature was changed, or is another user's."""
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
        "The signature does not fit: it was changed, or made by another user's program.",
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
        kept = keyring.get_password(KEYRING, account)
    except KeyringError as error:
        raise _locked() from error
    if kept is None:
        raise _locked()
    return str(kept)


def _locked() -> ConfigInvalid:
    return ConfigInvalid(
        "The key of the cloned voices is in the system's keyring, which does not give it out.",
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
