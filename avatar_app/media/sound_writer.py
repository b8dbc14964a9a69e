"""Writes speech to a sound file as it is synthesized; leaves no incomplete file on errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.values import AudioChunk, Samples
from avatar_app.media.provenance import COMMENT
from avatar_app.media.resample import Resampler
from avatar_app.system.files import replacing

LOWEST_RATE, HIGHEST_RATE = 16_000, 48_000
_MP3_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
BIT_RATES = (128, 160, 192, 224, 256, 320)
"""Of an MP3 in kbit/s."""
MPEG1 = range(32_000, 48_001)
"""Samples per second of an MP3 that may have any of them (MPEG-1); slower ones (MPEG-2) may not."""
_MOST_OF_MPEG2 = 160
_LEAST, _MOST = {True: 32, False: 8}, {True: 320, False: 160}
"""Bit rates between which libsndfile's compression level chooses, by whether it is MPEG-1."""


class SoundFormat(StrEnum):
    """Formats that can be written."""

    WAV = "wav"
    MP3 = "mp3"
    OGG = "ogg"
    FLAC = "flac"


_SUBTYPES = {
    SoundFormat.WAV: "PCM_16",
    SoundFormat.MP3: "MPEG_LAYER_III",
    SoundFormat.OGG: "VORBIS",
    SoundFormat.FLAC: "PCM_16",
}


def format_of(path: Path, chosen: str | None) -> SoundFormat:
    """Return the chosen format, or that of the file's extension. Raises ConfigInvalid."""
    name = str(chosen or path.suffix.removeprefix(".")).lower()
    if name not in set(SoundFormat):
        raise ConfigInvalid(
            f"Speech cannot be written as {name!r}.", f"Choose one of {', '.join(SoundFormat)}."
        )
    return SoundFormat(name)


def check_rate(rate: int, format: SoundFormat) -> None:
    """Raise ConfigInvalid for a rate that cannot be written."""
    if not isinstance(rate, int | np.integer) or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ConfigInvalid(
            f"{rate!r} samples per second cannot be written.",
            f"Choose a whole number from {LOWEST_RATE} to {HIGHEST_RATE}.",
        )
    if format is SoundFormat.MP3 and rate not in _MP3_RATES:
        known = ", ".join(str(each) for each in _MP3_RATES)
        raise ConfigInvalid(
            f"MP3 does not support {rate} samples per second.", f"Choose one of {known}."
        )


def check_bit_rate(bit_rate: int | None, rate: int, format: SoundFormat) -> None:
    """Raise ConfigInvalid for a bit rate that cannot be written at `rate` samples per second."""
    if bit_rate is None:
        return
    if format is not SoundFormat.MP3:
        raise ConfigInvalid(f"Only an mp3 has a bit rate, no {format}.", "Leave it out.")
    if bit_rate not in BIT_RATES:
        raise ConfigInvalid(
            f"An mp3 cannot have {bit_rate!r} kbit/s.",
            f"Choose one of {', '.join(map(str, BIT_RATES))}.",
        )
    if bit_rate > _MOST_OF_MPEG2 and rate not in MPEG1:
        raise ConfigInvalid(
            f"An mp3 with {rate} samples per second cannot have {bit_rate} kbit/s.",
            f"Choose 44100 samples per second, or at most {_MOST_OF_MPEG2} kbit/s.",
        )


def write_speech(
    chunks: Iterable[AudioChunk],
    path: Path,
    format: SoundFormat,
    rate: int,
    bit_rate: int | None = None,
) -> float:
    """Write mono sound; returns its length in seconds.

    `bit_rate`: of an MP3, in kbit/s; by default the encoder chooses. The file appears when it is
    complete. Raises ConfigInvalid for rates that the format does not support, InputInvalid where
    the file cannot be written.
    """
    check_rate(rate, format)
    check_bit_rate(bit_rate, rate, format)
    try:
        _check_place(path)
        with replacing(path) as unfinished:
            count = _write(chunks, unfinished, format, rate, bit_rate)
    except (OSError, soundfile.LibsndfileError) as error:
        reason = getattr(error, "strerror", None)
        raise InputInvalid(
            f"The sound file {path} cannot be written{f': {reason}' if reason else ''}.",
            "Choose another folder, or make room on the disk.",
        ) from error
    return count / rate


def _check_place(path: Path) -> None:
    if path.is_dir():
        raise InputInvalid(
            f"{path} is a folder.", "Give the name of a file, for example speech.wav."
        )


def _write(
    chunks: Iterable[AudioChunk], path: Path, format: SoundFormat, rate: int, bit_rate: int | None
) -> int:
    count = 0
    kind, subtype = format.value.upper(), _SUBTYPES[format]
    encoding = _constant(bit_rate, rate) if bit_rate else {}
    with soundfile.SoundFile(path, "w", rate, 1, subtype, format=kind, **encoding) as file:
        file.comment = COMMENT
        for samples in _resampled(chunks, rate):
            file.write(samples.clip(-1, 1))
            count += len(samples)
    return count


def _constant(bit_rate: int, rate: int) -> dict[str, Any]:
    """Return soundfile's options for a constant bit rate."""
    least, most = (bounds[rate in MPEG1] for bounds in (_LEAST, _MOST))
    level = (most - bit_rate) / (most - least)
    return {"bitrate_mode": "CONSTANT", "compression_level": level}


def _resampled(chunks: Iterable[AudioChunk], rate: int) -> Iterator[Samples]:
    resampler: Resampler | None = None
    for chunk in chunks:
        resampler = resampler or Resampler(chunk.rate, rate)
        yield resampler.process(chunk.samples)
    if resampler is not None:
        yield resampler.process(np.zeros(0, np.float32), last=True)
