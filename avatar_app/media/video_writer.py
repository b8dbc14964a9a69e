"""Writes pictures and sound to an mp4: H.264 and AAC, streamed, complete or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from glob import escape
from pathlib import Path
from secrets import token_hex
from shutil import copymode
from types import TracebackType
from typing import Any, Self

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import PLAYBACK_RATE, Image, Samples
from avatar_app.media.provenance import COMMENT, CornerLabel, mark_film
from avatar_app.media.subtitles import Subtitle, SubtitleTrack
from avatar_app.system.files import settle
from avatar_app.system.leftovers import delete_leftovers, process_mark

AUDIO_BIT_RATE = 128_000
LEAN = "rc-lookahead=4:bframes=0"
"""Few pictures are buffered inside x264, at 6 MB each in 720p; a face at one place gains nothing by
more."""


_UNFINISHED = ".partial.mp4"
_STEM = 40
"""Letters of the film's name in the name of its temporary file, which is never too long
this way."""


class FilmUnwritable(InputInvalid):
    """The disk or its folder does not accept the film."""


def film_file(path: Path) -> Path:
    """Return the file that a film at `path` becomes: links are followed; nothing is created yet.

    Raises FilmUnwritable where `path` is something else than a file, or cannot be created.
    """
    target = Path(os.path.realpath(path))
    try:
        with suppress(FileNotFoundError):
            target.lstat()
            if not target.is_file():
                raise FilmUnwritable(
                    f"The film {path} cannot be written: the path is not a regular file.",
                    "Choose another name.",
                )
    except OSError as error:
        raise unwritable(path, error) from error
    return target


def unwritable(path: Path, error: OSError) -> FilmUnwritable:
    """Return what to say of a film that the system did not accept."""
    return FilmUnwritable(
        f"The film {path} cannot be written: {error.strerror or error}.",
        "Choose another folder or name, or make room on the disk.",
    )


class VideoWriter:
    """Context manager. The file appears under its name only when it is complete; an exception
    inside leaves none. A link is followed, and who may read a film that is replaced may read the
    new one. Raises FilmUnwritable where it cannot be written.

    `preset` and `crf` are x264's: faster or smaller, and how exact (18 is near lossless).
    A `silent` film has no sound track. `subtitles` become a subtitle stream. The file is marked as
    synthetic; `labeled`: its pictures, too.
    """

    def __init__(
        self,
        path: Path,
        fps: float,
        preset: str = "veryfast",
        crf: int = 20,
        *,
        stereo: bool = True,
        silent: bool = False,
        subtitles: Sequence[Subtitle] = (),
        labeled: bool = False,
    ) -> None:
        import av
        import cv2

        self._av, self._cv2 = av, cv2
        self._path, self._target = path, film_file(path)
        stem = f".{path.stem[:_STEM]}"
        unfinished = f"{stem}{process_mark()}{token_hex(8)}{_UNFINISHED}"
        self._partial = self._target.with_name(unfinished)
        self._fps = Fraction(fps).limit_denominator(1001)
        self._options = {"preset": str(preset), "crf": str(crf), "x264-params": LEAN}
        self._layout = "stereo" if stereo else "mono"
        self._subtitles = subtitles
        self._labeled = labeled
        self._label: CornerLabel | None = None
        self._frames = 0
        self._samples = 0
        self._video: Any = None
        self._early: list[Any] = []
        """Sound from before the first picture: a container that was started accepts no more
        streams."""
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            delete_leftovers(self._target.parent.glob(f"{escape(stem)}.*{_UNFINISHED}"))
            self._container = av.open(str(self._partial), "w")
            self._container.metadata["comment"] = COMMENT
        except OSError as error:
            raise unwritable(path, error) from error
        self._audio: Any = None if silent else self._begin_audio()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._complete()
            else:
                with suppress(OSError):  # report what went wrong inside, not what follows from it
                    self._container.close()
        except OSError as failure:
            raise unwritable(self._path, failure) from failure
        finally:
            with suppress(OSError):  # it does not exist when all went well
                self._partial.unlink()

    @property
    def seconds(self) -> float:
        """Length of the pictures so far."""
        return float(self._frames / self._fps)

    def add_picture(self, image: Image) -> None:
        """Add the next frame: uint8, shape (height, width, 3), RGB; all of one size."""
        if self._video is None:
            self._begin_video(image)
            self._write_early()
        if self._label is not None:
            image = self._label.drawn(image)
        height, width = self._video.height, self._video.width
        planes: Any = self._cv2.cvtColor(image[:height, :width], self._cv2.COLOR_RGB2YUV_I420)
        frame = self._av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = self._frames, 1 / self._fps
        self._frames += 1
        self._mux(self._video, frame)

    def add_sound(self, left: Samples, right: Samples | None = None) -> None:
        """Add the next samples at 48 kHz, float32 in [-1, 1]; without `right` both sides
        are equal."""
        sides = [left] if self._layout == "mono" else [left, left if right is None else right]
        planar = np.ascontiguousarray(np.clip(np.stack(sides), -1.0, 1.0), dtype=np.float32)
        frame = self._av.AudioFrame.from_ndarray(planar, format="fltp", layout=self._layout)
        frame.sample_rate = PLAYBACK_RATE
        frame.pts, frame.time_base = self._samples, Fraction(1, PLAYBACK_RATE)
        self._samples += len(left)
        self._mux(self._audio, frame)

    def _complete(self) -> None:
        self._write_early()
        for stream in (self._video, self._audio):
            if stream is not None:
                self._container.mux(stream.encode(None))
        self._container.close()
        mark_film(self._partial)
        with suppress(OSError):  # nothing is replaced, or the disk does not support permissions
            copymode(self._target, self._partial)
        settle(self._partial, self._target)

    def _begin_audio(self) -> Any:
        audio: Any = self._container.add_stream("aac", rate=PLAYBACK_RATE)
        audio.layout = self._layout
        audio.bit_rate = AUDIO_BIT_RATE
        return audio

    def _begin_video(self, image: Image) -> None:
        height, width = image.shape[:2]
        self._video = self._container.add_stream("libx264", rate=self._fps, options=self._options)
        self._video.width, self._video.height = width - width % 2, height - height % 2
        self._video.pix_fmt = "yuv420p"
        if self._labeled:
            self._label = CornerLabel(self._video.width, self._video.height)
        if self._subtitles:
            SubtitleTrack(self._container).write(self._subtitles)

    def _mux(self, stream: Any, frame: Any) -> None:
        try:
            packets = stream.encode(frame)
            if self._video is None:
                self._early += packets
            else:
                self._container.mux(packets)
        except OSError as error:
            raise unwritable(self._path, error) from error

    def _write_early(self) -> None:
        early, self._early = self._early, []
        try:
            self._container.mux(early)
        except OSError as error:
            raise unwritable(self._path, error) from error
