"""Writes speech to a sound file as it is synthesized; leaves no incomplete file on errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

import numpy as np
import soundfile

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.values import AudioChunk, Samples
from avatar_app.media.provenance import COMMENT
from avatar_app.media.resample import Resampler
from avatar_app.system.files import replacing

LOWEST_RATE, HIGHEST_RATE = 16_000, 48_000
_MP3_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


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


def write_speech(chunks: Iterable[AudioChunk], path: Path, format: SoundFormat, rate: int) -> float:
    """Write mono sound; returns its length in seconds.

    The file appears when it is complete. Raises ConfigInvalid for a rate that the format does not
    support, InputInvalid where the file cannot be written.
    """
    check_rate(rate, format)
    try:
        _check_place(path)
        with replacing(path) as unfinished:
            count = _write(chunks, unfinished, format, rate)
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


def _write(chunks: Iterable[AudioChunk], path: Path, format: SoundFormat, rate: int) -> int:
    count = 0
    kind, subtype = format.value.upper(), _SUBTYPES[format]
    with soundfile.SoundFile(path, "w", rate, 1, subtype, format=kind) as file:
        file.comment = COMMENT
        for samples in _resampled(chunks, rate):
            file.write(samples.clip(-1, 1))
            count += len(samples)
    return count


def _resampled(chunks: Iterable[AudioChunk], rate: int) -> Iterator[Samples]:
    resampler: Resampler | None = None
    for chunk in chunks:
        resampler = resampler or Resampler(chunk.rate, rate)
        yield resampler.process(chunk.samples)
    if resampler is not None:
        yield resampler.process(np.zeros(0, np.float32), last=True)
