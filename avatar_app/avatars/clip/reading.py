"""Reads short video clips of any format; rejects unusable ones with one clear sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.avatars.other_photos import is_animated
from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image

MOST_SECONDS = 20.0
"""Maximum seconds of a clip that are analyzed."""
LONGEST = 1280
"""Pixels: the longer side of pictures made from a clip."""
_SUFFIXES = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mov",
        ".3gp",
        ".webm",
        ".mkv",
        ".avi",
        ".gif",
        ".mpg",
        ".mpeg",
        ".ts",
        ".wmv",
        ".ogv",
        ".flv",
    ]
)
_FORMATS = "mov,mp4,matroska,webm,avi,gif,mpeg,mpegts,asf,ogg,flv"
"""Formats that contain a film themselves; a playlist would name other files, or addresses."""
_PHOTOS = frozenset(
    [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"]
)
"""Photo formats whose files begin like a film."""
_LARGEST_FILE = 2_000_000_000
_MOST_PIXELS = 4096 * 2304
_LEAST_SIDE = 96
_MOST_DECODED = 5_000
"""Maximum frames, whatever the frame rate."""
_FASTEST = 31.0
"""Maximum frames a second that are used; of faster clips every second one is, or fewer."""
_USUAL = 25.0
_KINDS = "Use an MP4, MOV, WebM, MKV, AVI or GIF file."


@dataclass(frozen=True, slots=True)
class Clip:
    """A readable film; `frames` may be called several times."""

    path: Path
    size: tuple[int, int]
    """Width and height of its frames as they are read: even numbers, at most LONGEST."""
    rate: float
    """Frames a second, as they are read."""
    seconds: float
    """Stated length, at most MOST_SECONDS; 0 if unknown."""

    def frames(self) -> Iterator[Image]:
        """Yield uint8, (height, width, 3), RGB, upright, `rate` in each second."""
        with _opened(self.path) as film:
            yield from _paced(_upright(self, film), self.rate)


def is_clip(path: Path) -> bool:
    """Whether this is a film rather than a photo, by its content, or for a missing file by its
    name."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        head = b""
    if head[4:8] == b"ftyp":
        return head[8:12] not in _PHOTOS
    if head[:4] == b"GIF8":
        return is_animated(path.read_bytes())
    films = head[:4] == b"\x1aE\xdf\xa3" or head[8:12] == b"AVI "
    return films or path.suffix.lower() in _SUFFIXES


def open_clip(path: Path) -> Clip:
    """Open a clip; raises InputInvalid if it cannot be used."""
    with _opened(path) as film:
        stream = film.streams.video[0]
        frame = next(iter(film.decode(stream)), None)
        if frame is None:
            raise _unreadable(path)
        rate = _rate(stream)
        seconds = float(film.duration or 0) / 1e6
        height, width = _turned(frame, stream).shape[:2]
    if min(width, height) < _LEAST_SIDE:
        raise InputInvalid(
            f"The clip {path} has only {width} × {height} pixels.", "Use a larger one."
        )
    share = min(1.0, LONGEST / max(width, height))
    even = (max(2, round(width * share / 2) * 2), max(2, round(height * share / 2) * 2))
    return Clip(path, even, rate, min(max(seconds, 0.0), MOST_SECONDS))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a film, its video ready to be decoded."""
    import av

    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputInvalid(f"The file {path} is too large for a clip.", "Cut it shorter.")
        only = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
        with (
            path.open("rb") as file,
            av.open(file, "r", options=only, metadata_errors="ignore") as film,
        ):
            _prepare(film, path)
            yield film
    except FileNotFoundError as error:
        raise InputInvalid(
            f"The file {path} does not exist.", "Check its name and folder."
        ) from error
    except (av.FFmpegError, ValueError, OverflowError, MemoryError) as error:
        raise _unreadable(path) from error
    except OSError as error:
        raise InputInvalid(f"The clip {path} cannot be read: {error.strerror}.", _KINDS) from error


def _prepare(film: Any, path: Path) -> None:
    if not film.streams.video:
        raise InputInvalid(f"{path} contains no picture.", _KINDS)
    stream = film.streams.video[0]
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > _MOST_PIXELS:
        raise InputInvalid(
            f"The clip {path} has {width} × {height} pixels, which is too many.",
            "Save it smaller: 1280 × 720 is plenty.",
        )
    stream.codec_context.options = {"max_pixels": str(_MOST_PIXELS + 2**18)}
    stream.thread_type = "AUTO"


def _unreadable(path: Path) -> InputInvalid:
    return InputInvalid(f"The clip {path} cannot be decoded, or is cut off.", _KINDS)


def _rate(stream: Any) -> float:
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    if not 1.0 <= rate <= 1000.0:
        return _USUAL
    while rate > _FASTEST:
        rate /= 2
    return rate


def _upright(clip: Clip, film: Any) -> Iterator[tuple[float, Image]]:
    """Yield its frames and their times in seconds, until enough were read."""
    import cv2

    begin = None
    stream = film.streams.video[0]
    for count, frame in enumerate(film.decode(stream)):
        time = float(frame.time) if frame.time is not None else count / clip.rate
        begin = time if begin is None else begin
        if time - begin >= MOST_SECONDS or count >= _MOST_DECODED:
            return
        picture = _turned(frame, stream)
        if picture.shape[1::-1] != clip.size:
            picture = cv2.resize(picture, clip.size, interpolation=cv2.INTER_AREA)
        yield time - begin, np.ascontiguousarray(picture, np.uint8)


def _turned(frame: Any, stream: Any) -> Any:
    """Return a frame as RGB, upright as the camera was held, with square pixels."""
    import cv2

    picture = frame.to_ndarray(format="rgb24")
    if aspect := stream.sample_aspect_ratio:
        share = min(max(float(aspect), 0.25), 4.0)
        if abs(share - 1) > 0.01:
            picture = cv2.resize(picture, None, fx=share, fy=1.0, interpolation=cv2.INTER_LINEAR)
    return np.rot90(picture, round(frame.rotation / 90) % 4)


def _paced(frames: Iterator[tuple[float, Image]], rate: float) -> Iterator[Image]:
    """Yield `rate` frames in each second: the one that is visible at that moment."""
    due = 0
    last = None
    for time, picture in frames:
        while last is not None and time > (due + 0.5) / rate:
            yield last
            due += 1
        last = picture
    if last is not None:
        yield last
