"""Any sound file becomes mono sound, and sound a file; what cannot is said in a sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np
import soundfile

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.media.resample import Resampler

LONGEST_SECONDS = 3600.0
PIECE_FRAMES = 1 << 18
"""Frames read at a time: an hour of stereo at 96 kHz never lies in memory as a whole."""
FULL_SCALE = 32767
WAV_HEADER = 44
LARGEST_OGG_PAGE = 65_307
"""Bytes (RFC 3533)."""


def read_sound(path: str | Path, rate: int = MICROPHONE_RATE) -> AudioChunk:
    """The sound of a file (WAV, FLAC, Ogg, MP3; any rate, depth, channels) as mono at `rate`.

    Raises InputInvalid where the file is missing, empty, truncated, no sound, or over an hour long.
    """
    with opened_sound(Path(path)) as file:
        samples = _read_mono(file, rate)
    return AudioChunk(samples, rate)


@contextmanager
def opened_sound(path: Path) -> Iterator[soundfile.SoundFile]:
    """The file, to be read to its end in blocks; raises as `read_sound`, also when that is done."""
    _check_present(path)
    try:
        with soundfile.SoundFile(path) as file:
            _check_length(path, file)
            yield file
            complete = file.tell() == file.frames
    except (soundfile.LibsndfileError, OSError) as problem:
        raise InputInvalid(
            f"{path} is not a sound file that can be read.",
            "Bring a WAV, FLAC, Ogg or MP3 file.",
        ) from problem
    if not complete or _is_cut(path):
        raise InputInvalid(f"{path} ends before its sound does.", "Copy or record it again.")


def write_sound(path: str | Path, chunk: AudioChunk) -> None:
    """The chunk as a WAV file of 16 bits. Raises InputInvalid where it cannot be written."""
    with SoundWriter(path, chunk.rate) as writer:
        writer.write(chunk.samples)


class SoundWriter:
    """A mono WAV file of 16 bits that grows piece by piece and can be played after `close`."""

    def __init__(self, path: str | Path, rate: int) -> None:
        self.path = Path(path)
        try:
            self._file = soundfile.SoundFile(
                self.path, "w", samplerate=rate, channels=1, subtype="PCM_16", format="WAV"
            )
        except (soundfile.LibsndfileError, OSError) as problem:
            raise self._unwritable() from problem

    def write(self, samples: Samples) -> None:
        """Appends float32 samples; what lies outside [-1, 1] is clipped."""
        # Rounded here: libsndfile scales floats its own way and does not clip without a setting.
        whole = np.rint(np.clip(samples, -1.0, 1.0) * FULL_SCALE).astype(np.int16)
        try:
            self._file.write(whole)
        except (soundfile.LibsndfileError, OSError) as problem:
            raise self._unwritable() from problem

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unwritable(self) -> InputInvalid:
        return InputInvalid(
            f"{self.path} cannot be written.",
            "Check that the folder exists, that you may write there and that the disk is not full.",
        )


def _check_present(path: Path) -> None:
    if path.is_dir():
        raise InputInvalid(f"{path} is a folder, not a recording.", "Name a file in it.")
    if not path.is_file():
        raise InputInvalid(f"The file {path} does not exist.", "Check the path.")
    if path.stat().st_size == 0:
        raise InputInvalid(f"{path} is empty.", "Record or copy it again.")


def _check_length(path: Path, file: soundfile.SoundFile) -> None:
    if file.frames == 0:
        raise InputInvalid(f"{path} contains no sound.", "Record or copy it again.")
    if file.frames / file.samplerate > LONGEST_SECONDS:
        raise InputInvalid(f"{path} is longer than an hour.", "Cut it into shorter pieces.")


def _read_mono(file: soundfile.SoundFile, rate: int) -> Samples:
    resampler = Resampler(file.samplerate, rate)
    pieces: list[Samples] = []
    for piece in file.blocks(PIECE_FRAMES, dtype="float32", always_2d=True):
        pieces.append(resampler.process(piece.mean(axis=1, dtype=np.float32)))
    pieces.append(resampler.process(np.zeros(0, np.float32), last=True))
    return np.concatenate(pieces)


def _is_cut(path: Path) -> bool:
    """libsndfile quietly shortens a cut file; its container still tells."""
    with path.open("rb") as file:
        head = file.read(12)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LARGEST_OGG_PAGE))
        tail = file.read()
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        promised = int.from_bytes(head[4:8], "little") + 8
        # A recorder that writes to a pipe leaves 0 or the largest number instead of a length.
        streamed = promised <= WAV_HEADER or promised >= 0xFFFFFFFF - WAV_HEADER
        return not streamed and size < promised - 1
    return head[:4] == b"OggS" and not _ends_ogg(tail[tail.rfind(b"OggS") :])


def _ends_ogg(page: bytes) -> bool:
    """Whether the page is whole and says that it is the last (RFC 3533, section 6)."""
    segments = page[26] if len(page) > 26 else 0
    length = 27 + segments + sum(page[27 : 27 + segments])
    return segments > 0 and bool(page[5] & 0x04) and len(page) >= length
