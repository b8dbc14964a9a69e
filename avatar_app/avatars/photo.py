"""Reads photos of common formats, and rejects unusable ones with one clear sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.avatars.other_photos import other_size, read_other
from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image
from avatar_app.system.native_output import native_output_hidden

_LARGEST_FILE = 100_000_000
_MOST_PIXELS = 120_000_000
"""Pixels of the largest cameras; decoded they take 360 MB."""
_LEAST_SIDE = 96
_BACKDROP = 190
"""Gray background of transparent areas."""
_COMMON = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"BM")
"""Signatures of the formats that OpenCV reads."""
_KINDS = "Use a JPEG, PNG, WebP or BMP file."
_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""JPEG segment markers that contain the size."""
_SCAN = 0xDA
"""JPEG segment marker before the picture itself."""


def read_photo(path: Path) -> Image:
    """Return uint8, shape (height, width, 3), RGB, upright; raises InputInvalid if the photo is
    unusable."""
    content = _content(path)
    width, height = _size(content, path)
    if width * height > _MOST_PIXELS:
        raise InputInvalid(
            f"The photo {path} has {width} × {height} pixels, which is too many.",
            "Save it smaller: 2000 pixels are plenty.",
        )
    if min(width, height) < _LEAST_SIDE:
        raise InputInvalid(
            f"The photo {path} has only {width} × {height} pixels.", "Use a larger photo."
        )
    if not _is_complete(content):
        raise InputInvalid(f"The photo {path} is truncated.", "Copy it again from where it came.")
    if not content.startswith(_COMMON):
        return read_other(content, path, _BACKDROP)
    return _decoded(content, path)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputInvalid(f"The file {path} is too large for a photo.", _KINDS)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputInvalid(
            f"The file {path} does not exist.", "Check its name and folder."
        ) from error
    except OSError as error:
        raise InputInvalid(f"The photo {path} cannot be read: {error.strerror}.", "") from error


def _size(content: bytes, path: Path) -> tuple[int, int]:
    """Return width and height from the file header, before anything is decoded."""
    size = None
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        size = _number(content[16:20], "big"), _number(content[20:24], "big")
    elif content.startswith(b"\xff\xd8\xff"):
        size = _jpeg_size(content)
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) >= 30:
        size = _webp_size(content)
    elif content.startswith(b"BM") and len(content) >= 26:
        width, height = content[18:22], content[22:26]
        size = (
            abs(_number(width, "little", signed=True)),
            abs(_number(height, "little", signed=True)),
        )
    else:
        size = other_size(content)
    if size is None or min(size) <= 0:
        raise InputInvalid(f"The file {path} is not a readable photo.", _KINDS)
    return size


def _number(content: bytes, order: Any, *, signed: bool = False) -> int:
    return int.from_bytes(content, order, signed=signed)


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    for marker, at in _jpeg_segments(content):
        if marker in _JPEG_SIZES:
            return _number(content[at + 7 : at + 9], "big"), _number(
                content[at + 5 : at + 7], "big"
            )
    return None


def _jpeg_scan(content: bytes) -> int:
    """Where the picture itself begins; the end of the file if it does not."""
    return next((at for marker, at in _jpeg_segments(content) if marker == _SCAN), len(content))


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, int]]:
    """The marker of each segment, and where that is; as far as lengths lead on."""
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker != 0xFF:
            yield marker, at
        at += 1 if marker == 0xFF else 2 + _number(content[at + 2 : at + 4], "big")


def _webp_size(content: bytes) -> tuple[int, int] | None:
    match content[12:16]:
        case b"VP8X":
            return _number(content[24:27], "little") + 1, _number(content[27:30], "little") + 1
        case b"VP8 ":
            width, height = _number(content[26:28], "little"), _number(content[28:30], "little")
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = _number(content[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _is_complete(content: bytes) -> bool:
    """Whether the file is complete: decoders show half of a truncated photo, and gray below."""
    if content.startswith(b"\x89PNG"):
        return b"IEND" in content
    if content.startswith(b"\xff\xd8"):  # telephones append a film; a preview ends before the scan
        return b"\xff\xd9" in content[_jpeg_scan(content) :]
    if content[4:8] == b"ftyp":
        return _boxes_end(content) <= len(content)
    if not content.startswith(_COMMON):
        return True
    stated = content[4:8] if content[:4] == b"RIFF" else content[2:6]
    return len(content) >= _number(stated, "little")


def _boxes_end(content: bytes) -> int:
    """Where the last box of HEIC or AVIF ends."""
    at = 0
    while at + 8 <= len(content):
        size = _number(content[at : at + 4], "big")
        if size == 1:
            size = _number(content[at + 8 : at + 16], "big")
        if size < 8:  # it goes to the end
            return len(content)
        at += size
    return at


def _decoded(content: bytes, path: Path) -> Image:
    import cv2

    encoded = np.frombuffer(content, np.uint8)
    try:
        with native_output_hidden():  # libpng and libjpeg report every small flaw
            picture = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
            alpha = _may_have_alpha(content)
            whole = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED) if alpha else None
    except cv2.error:
        picture = whole = None
    if picture is None:
        raise InputInvalid(f"The photo {path} cannot be decoded.", _KINDS)
    if whole is not None and whole.ndim == 3 and whole.shape[2] == 4:
        most = 65535 if whole.dtype == np.uint16 else 255
        opaque = whole[:, :, 3:].astype(np.float32) / most
        if opaque.shape[:2] == picture.shape[:2]:
            picture = np.rint(picture * opaque + _BACKDROP * (1 - opaque)).astype(np.uint8)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _may_have_alpha(content: bytes) -> bool:
    return content[:4] in (b"\x89PNG", b"RIFF")
