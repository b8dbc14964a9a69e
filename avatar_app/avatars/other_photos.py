"""Reads AVIF, HEIC, TIFF and JPEG 2000 photos through FFmpeg."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image

_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,tiff_pipe,j2k_pipe"
_HINT = "Save it as JPEG or PNG."


def other_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height without decoding; None for a file of another format."""
    with _opened(content) as film:
        stream = film.streams.video[0] if film is not None and film.streams.video else None
        return (int(stream.width), int(stream.height)) if stream is not None else None


def read_other(content: bytes, path: Path) -> Image:
    """Return uint8, shape (height, width, 3), RGB, upright; raises InputInvalid if it cannot be
    decoded."""
    import av

    with _opened(content) as film:
        if film is None or len(film.streams.video) != 1:  # phones split photos into tiles
            raise InputInvalid(f"The photo {path} has an unsupported format.", _HINT)
        try:
            frame = next(film.decode(video=0), None)
        except av.FFmpegError:
            frame = None
        if frame is None:
            raise InputInvalid(f"The photo {path} cannot be decoded.", _HINT)
        turned = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
        return np.ascontiguousarray(turned, np.uint8)


@contextmanager
def _opened(content: bytes) -> Iterator[Any]:
    """Open the file; None for unknown formats."""
    import av

    only = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
    try:
        film = av.open(io.BytesIO(content), options=only, metadata_errors="ignore")
    except (av.FFmpegError, ValueError):
        yield None
        return
    with film:
        yield film
