"""Errors of downloading, storing and importing models, and of the disk."""

from __future__ import annotations

import errno
from urllib.parse import urlsplit

from avatar_app.core.errors import AvatarError

AGAIN = "Type the same command again: it resumes where it stopped."
_FULL = {errno.ENOSPC, errno.EDQUOT}


class DownloadFailed(AvatarError):
    """A model could not be downloaded, stored or imported."""


class Passing(DownloadFailed):
    """A temporary failure: a cut connection, a busy server."""


class Unreachable(Passing):
    """No connection to a server could be made."""


class WrongBytes(DownloadFailed):
    """The downloaded file is not the expected one."""


class DiskFailed(DownloadFailed):
    """The disk is full or not writable, so another server cannot help."""


class LicenseNotAccepted(AvatarError):
    """The model's license must be accepted first."""


def other_bytes(
    what: str, model: str, sha256: str, expected: str, *, is_pinned: bool
) -> WrongBytes:
    """Return the error that `what` has another hash than the published file, or than the first
    download."""
    than, hint = (
        (
            "that was downloaded first",
            f"If its authors changed it: avatar-app models remove {model} --unpin",
        )
        if is_pinned
        else (
            "that was expected",
            "Try it later, or download it by hand: avatar-app models import PATH",
        )
    )
    return WrongBytes(
        f"{what} is not the file {than}: its SHA-256 begins with {sha256[:12]}, not with "
        f"{expected[:12]}.",
        hint,
    )


def host(url: str) -> str:
    """Return the server's name for a sentence."""
    return urlsplit(url).hostname or url


def of_disk(error: OSError) -> DiskFailed:
    """Convert an error of writing or reading to a sentence."""
    where = f" {error.filename}" if error.filename else ""
    if error.errno in _FULL:
        return DiskFailed("The disk is full.", f"Free some space. {AGAIN}")
    if error.errno == errno.EFBIG:
        return DiskFailed(
            "The disk does not support files of this size.",
            "Choose another folder: AVATAR_DATA_DIR.",
        )
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return DiskFailed(
            f"The models' folder cannot be written:{where or ' permission denied'}.",
            "Change its permissions, or choose another folder: AVATAR_DATA_DIR.",
        )
    return DiskFailed(f"The disk reports an error:{where} {error.strerror or error}.", AGAIN)
