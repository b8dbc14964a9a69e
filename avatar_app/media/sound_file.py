"""Opens sound files of all formats: with libsndfile where possible, else with FFmpeg."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Samples
from avatar_app.media.sound_header import is_cut
from avatar_app.system.native_output import native_output_hidden

LONGEST_SECONDS = 3600.0
MOST_RATE = 768_000
"""Samples per second that a recorder may have; more come from a damaged header."""
_MISSING_SECONDS = 0.5
"""Tolerance between the stated and the real length: container clocks are coarse, and
encoders pad."""
_COUNTED = ("mov", "matroska", "wav", "aiff")
"""FFmpeg's names of containers that state a counted, not an estimated length."""
_UNCOUNTED = 1 << 62
"""Frames: libsndfile's value for a stream of unknown length."""
_FORMATS = (
    "mov,mp4,m4a,3gp,matroska,webm,mp3,aac,ac3,eac3,amr,amrnb,amrwb,asf,xwma,avi,flv,mpeg,mpegts,"
    "wav,w64,aiff,au,caf,flac,ogg,tta,wv,ape,dts,gsm,voc,mpc,mpc8,tak,dsf"
)
"""Formats that contain sound themselves; a playlist would name other files, or addresses."""
_KINDS = "Choose a WAV, FLAC, Ogg, MP3 or M4A file."


class SoundReader:
    """An open sound file."""

    def __init__(self, path: Path, source: _Source) -> None:
        self._path, self._source = path, source
        self.rate, self.channels = source.rate, source.channels
        self.stated_seconds = source.stated_seconds
        """Length stated by the file; 0 where it states none, or only an estimate."""

    def blocks(self, count: int) -> Iterator[Samples]:
        """Yield the sound, once, float32 of shape (count or fewer, channels) in [-1, 1]; samples
        that are not numbers become silence.

        Raises InputInvalid where the file is truncated, longer than an hour, or contains nothing
        audible.
        """
        done, heard = 0, False
        for block in self._source.blocks(count):
            done += len(block)
            if done > LONGEST_SECONDS * self.rate:
                raise _too_long(self._path)
            heard = heard or bool(np.isfinite(block).any())
            yield np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1, 1)
        if not done:
            raise _silent(self._path)
        if done < self._source.least_frames or is_cut(self._path):
            raise _cut_off(self._path)
        if not heard:
            raise InputInvalid(f"{self._path} contains no audible sound.", "Record it again.")


@contextmanager
def opened_sound(path: Path) -> Iterator[SoundReader]:
    """Open a sound file, to be read in blocks.

    Raises InputInvalid where it is missing, empty, not a sound file, or longer than an hour.
    """
    _check_present(path)
    with closing(_opened(path)) as source:
        if source.rate > MOST_RATE:
            raise _unknown(path)
        if source.stated_seconds > LONGEST_SECONDS:
            raise _too_long(path)
        yield SoundReader(path, source)


class _Source(Protocol):
    """A decoder of a file."""

    rate: int
    channels: int
    stated_seconds: float
    least_frames: int
    """Fewer frames than these show that the file was truncated."""

    def blocks(self, count: int) -> Iterator[Samples]: ...

    def close(self) -> None: ...


def _opened(path: Path) -> _Source:
    with path.open("rb") as file:
        head = file.read(3)
    if head == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
        return _Ffmpeg(path)  # mpg123, which libsndfile uses, prints to the terminal
    try:
        with native_output_hidden():  # mpg123 again, for files that it is the last to refuse
            known = _Sndfile(path)
    except (soundfile.LibsndfileError, OSError):
        return _Ffmpeg(path)
    if known.is_counted:
        return known
    known.close()
    return _Ffmpeg(path, states_nothing=not known.least_frames)


class _Sndfile:
    """WAV, FLAC, Ogg, AIFF and other formats whose length libsndfile can count."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = soundfile.SoundFile(path)
        self.rate, self.channels = self._file.samplerate, self._file.channels
        self.least_frames = self._file.frames
        self.stated_seconds = self.least_frames / self.rate
        counted = 0 < self.least_frames < _UNCOUNTED
        self.is_counted = counted and not self._file.subtype.startswith("MPEG")

    def blocks(self, count: int) -> Iterator[Samples]:
        try:
            while len(block := self._file.read(count, "float32", always_2d=True)):
                yield block
        except soundfile.LibsndfileError as problem:
            raise _cut_off(self._path) from problem

    def close(self) -> None:
        self._file.close()


class _Ffmpeg:
    """The sound of an M4A, MP3, WebM, AMR or WMA file, of a film, or in a telephone codec."""

    def __init__(self, path: Path, *, states_nothing: bool = False) -> None:
        """`states_nothing`: the header claims a sound file, but without sound."""
        import av

        self._path, self._av = path, av
        refusal = _silent(path) if states_nothing else _unknown(path)
        only = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
        self._file = path.open("rb")
        try:
            self._container: Any = av.open(self._file, options=only, metadata_errors="ignore")
        except (av.FFmpegError, ValueError) as problem:
            self._file.close()
            raise refusal from problem
        streams = self._container.streams
        context = streams.audio[0].codec_context if streams.audio else None
        if context is None or not context.sample_rate or not context.channels:
            refusal = _silent(path) if streams.video else refusal
            self.close()  # none of its data may be used from now on
            raise refusal
        self.rate, self.channels = context.sample_rate, context.channels
        self.stated_seconds = self._stated()
        self.least_frames = round((self.stated_seconds - _MISSING_SECONDS) * self.rate)

    def blocks(self, count: int) -> Iterator[Samples]:
        rest = np.zeros((0, self.channels), np.float32)
        for piece in self._pieces():
            rest = np.concatenate([rest, piece])
            while len(rest) >= count:
                yield rest[:count]
                rest = rest[count:]
        if len(rest):
            yield rest

    def close(self) -> None:
        self._container.close()
        self._file.close()

    def _stated(self) -> float:
        container = self._container
        if not any(name in container.format.name for name in _COUNTED):
            return 0.0
        stream = container.streams.audio[0]
        if stream.duration:
            return float(stream.duration * stream.time_base)
        whole = 0 if container.streams.video else container.duration or 0
        return float(whole) / self._av.time_base

    def _pieces(self) -> Iterator[Samples]:
        layout = self._container.streams.audio[0].codec_context.layout
        floats = self._av.AudioResampler(format="flt", rate=self.rate, layout=layout)
        for frame in self._frames():
            for each in floats.resample(frame):
                samples: Samples = each.to_ndarray().astype(np.float32, copy=False)
                yield samples.reshape(-1, self.channels)

    def _frames(self) -> Iterator[Any]:
        refusal = _unknown(self._path)
        try:
            for packet in self._container.demux(self._container.streams.audio[0]):
                try:
                    for frame in packet.decode():
                        refusal = _cut_off(self._path)
                        yield frame
                except self._av.InvalidDataError:
                    continue  # skip a damaged moment, as players do
        except self._av.FFmpegError as problem:
            raise refusal from problem


def _check_present(path: Path) -> None:
    if path.is_dir():
        raise InputInvalid(f"{path} is a folder, not a recording.", "Name a file in it.")
    if not path.is_file():
        raise InputInvalid(f"The file {path} does not exist.", "Check the path.")
    if path.stat().st_size == 0:
        raise InputInvalid(f"{path} is empty.", "Record or copy it again.")


def _unknown(path: Path) -> InputInvalid:
    return InputInvalid(f"{path} is not a readable sound file.", _KINDS)


def _silent(path: Path) -> InputInvalid:
    return InputInvalid(f"{path} contains no sound.", "Record or copy it again.")


def _cut_off(path: Path) -> InputInvalid:
    return InputInvalid(f"{path} is truncated.", "Copy or record it again.")


def _too_long(path: Path) -> InputInvalid:
    return InputInvalid(f"{path} is longer than an hour.", "Cut it into shorter pieces.")
