"""Encodes speech while it is made, piece by piece: WAV, PCM, FLAC, MP3, Opus, AAC."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np

from avatar_app.core.errors import ConfigInvalid, choose_one_of
from avatar_app.core.values import Samples
from avatar_app.media.provenance import COMMENT
from avatar_app.media.resample import Resampler

STREAM_RATE = 24_000
"""Samples per second of what is sent, except Opus, which knows 48,000."""
FULL_SCALE = 32767
_UNKNOWN = 0xFFFFFFFF
"""The sizes in the header of a WAV file that is not complete yet."""


class StreamFormat(StrEnum):
    """Formats that can be sent piece by piece."""

    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"


MIME = {
    StreamFormat.MP3: "audio/mpeg",
    StreamFormat.OPUS: "audio/ogg",
    StreamFormat.AAC: "audio/aac",
    StreamFormat.FLAC: "audio/flac",
    StreamFormat.WAV: "audio/wav",
    StreamFormat.PCM: "audio/pcm",
}


@dataclass(frozen=True, slots=True)
class _Codec:
    container: str
    name: str
    rate: int = STREAM_RATE


_CODECS = {
    StreamFormat.MP3: _Codec("mp3", "libmp3lame"),
    StreamFormat.OPUS: _Codec("ogg", "libopus", 48_000),
    StreamFormat.AAC: _Codec("adts", "aac"),
    StreamFormat.FLAC: _Codec("flac", "flac"),
}


def stream_format(name: str) -> StreamFormat:
    """Return the format called `name`; raises ConfigInvalid."""
    if name not in set(StreamFormat):
        raise ConfigInvalid(f"Speech cannot be sent as {name!r}.", choose_one_of(StreamFormat))
    return StreamFormat(name)


class StreamEncoder(Protocol):
    """Takes speech at any one rate and returns bytes to send."""

    def encode(self, samples: Samples) -> bytes:
        """Encode the next piece; what the codec holds back comes later."""

    def finish(self) -> bytes:
        """Return the rest; nothing may be encoded after it."""


def stream_encoder(format: StreamFormat, rate: int) -> StreamEncoder:
    """Return an encoder of mono sound that has `rate` samples per second."""
    if format in (StreamFormat.PCM, StreamFormat.WAV):
        return _PlainEncoder(rate, has_header=format is StreamFormat.WAV)
    return _CodecEncoder(_CODECS[format], rate)


def pcm_of(samples: Samples) -> bytes:
    """Return samples in [-1, 1] as 16-bit integers, little-endian."""
    return np.rint(np.clip(samples, -1.0, 1.0) * FULL_SCALE).astype("<i2").tobytes()


def samples_of(pcm: bytes) -> Samples:
    """Return 16-bit little-endian integers as samples in [-1, 1]."""
    samples: Samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    samples /= FULL_SCALE + 1
    return samples


class _PlainEncoder:
    """PCM at STREAM_RATE, after the header of a WAV file where that is wanted."""

    def __init__(self, rate: int, *, has_header: bool) -> None:
        self._resampler = Resampler(rate, STREAM_RATE)
        self._header = _wav_header() if has_header else b""

    def encode(self, samples: Samples) -> bytes:
        header, self._header = self._header, b""
        return header + pcm_of(self._resampler.process(samples))

    def finish(self) -> bytes:
        rest = self._resampler.process(np.zeros(0, np.float32), last=True)
        return self._header + pcm_of(rest)


def _wav_header() -> bytes:
    """Return the header of a mono WAV file without an end, which says that it is synthetic."""
    comment = COMMENT.encode() + b"\0"
    comment += b"\0" * (len(comment) % 2)
    listed = b"INFO" + struct.pack("<4sI", b"ICMT", len(comment)) + comment
    described = struct.pack("<HHIIHH", 1, 1, STREAM_RATE, 2 * STREAM_RATE, 2, 16)
    return b"".join(
        (
            struct.pack("<4sI4s", b"RIFF", _UNKNOWN, b"WAVE"),
            struct.pack("<4sI", b"fmt ", len(described)) + described,
            struct.pack("<4sI", b"LIST", len(listed)) + listed,
            struct.pack("<4sI", b"data", _UNKNOWN),
        )
    )


class _Collected:
    """A file that can only be written, and is emptied by its reader."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class _CodecEncoder:
    """What FFmpeg encodes, in a container that needs no seeking."""

    def __init__(self, codec: _Codec, rate: int) -> None:
        import av

        self._av: Any = av
        self._rate, self._position = codec.rate, 0
        self._resampler = Resampler(rate, codec.rate)
        self._file = _Collected()
        self._container: Any = av.open(self._file, "w", format=codec.container)
        self._container.metadata["comment"] = COMMENT
        self._stream: Any = self._container.add_stream(codec.name, codec.rate, layout="mono")

    def encode(self, samples: Samples) -> bytes:
        self._write(self._resampler.process(samples))
        return self._file.take()

    def finish(self) -> bytes:
        self._write(self._resampler.process(np.zeros(0, np.float32), last=True))
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._file.take()

    def _write(self, samples: Samples) -> None:
        if not len(samples):
            return
        whole = np.frombuffer(pcm_of(samples), "<i2").reshape(1, -1)
        frame = self._av.AudioFrame.from_ndarray(whole, format="s16", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._position
        self._position += whole.shape[1]
        self._container.mux(self._stream.encode(frame))
