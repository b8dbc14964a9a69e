"""Whatever goes wrong with a model: errors of one sentence each, and what the disk's mean."""

from __future__ import annotations

import errno
from urllib.parse import urlsplit

from avatar_app.core.errors import AvatarError

AGAIN = "Type the same command again: it goes on where it stopped."
_FULL = {errno.ENOSPC, errno.EDQUOT}


class DownloadFailed(AvatarError):
    """A model could not be fetched, stored or taken over."""


class Passing(DownloadFailed):
    """A failure that the next try may not meet: a cut connection, a busy server."""


class Unreachable(Passing):
    """No connection to a server came about at all."""


class WrongBytes(DownloadFailed):
    """What was fetched is not the file that was meant."""


class DiskFailed(DownloadFailed):
    """No other server can help: the disk is full, or may not be written."""


class LicenseNotAccepted(AvatarError):
    """A model may be used only by who has accepted its license."""


def other_bytes(
    what: str, model: str, sha256: str, expected: str, *, is_pinned: bool
) -> WrongBytes:
    """`what` has another hash than the published file, or than the one that came first."""
    than, hint = (
        ("that came first", f"If its authors changed it: avatar-app models remove {model} --unpin")
        if is_pinned
        else ("that was meant", "Try it later, or fetch it by hand: avatar-app models import PATH")
    )
    return WrongBytes(
        f"{what} is not the file {than}: its SHA-256 begins with {sha256[:12]}, not with "
        f"{expected[:12]}.",
        hint,
    )


def host(url: str) -> str:
    """Whom to name in a sentence."""
    return urlsplit(url).hostname or url


def of_disk(error: OSError) -> DiskFailed:
    """What a failure to write or read means."""
    where = f" {error.filename}" if error.filename else ""
    if error.errno in _FULL:
        return DiskFailed("The disk is full.", f"Free some space. {AGAIN}")
    if error.errno == errno.EFBIG:
        return DiskFailed(
            "The disk takes no files of this size.", "Choose another folder: AVATAR_DATA_DIR."
        )
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return DiskFailed(
            f"The models' folder may not be written:{where or ' permission denied'}.",
            "Change its permissions, or choose another folder: AVATAR_DATA_DIR.",
        )
    return DiskFailed(f"The disk refuses:{where} {error.strerror or error}.", AGAIN)
