"""Reads any sound file as mono sound, and writes WAV files."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import soundfile

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.media.downmix import downmix
from avatar_app.media.resample import Resampler
from avatar_app.media.sound_file import opened_sound

PIECE_FRAMES = 1 << 18
"""Frames read at a time, so that an hour of stereo at 96 kHz is never in memory at once."""
FULL_SCALE = 32767


def read_sound(path: str | Path, rate: int = MICROPHONE_RATE) -> AudioChunk:
    """Read the sound of a file (WAV, FLAC, Ogg, MP3, M4A and whatever else FFmpeg supports; any
    rate, depth, channels) as mono at `rate`.

    Raises InputInvalid where the file is missing, empty, truncated, not a sound file, or over an
    hour long.
    """
    with opened_sound(Path(path)) as file:
        resampler = Resampler(file.rate, rate)
        blocks = file.blocks(PIECE_FRAMES)
        pieces = [resampler.process(downmix(each)) for each in blocks]
    pieces.append(resampler.process(np.zeros(0, np.float32), last=True))
    return AudioChunk(np.concatenate(pieces), rate)


def write_sound(path: str | Path, chunk: AudioChunk) -> None:
    """Write the chunk as a 16-bit WAV file. Raises InputInvalid where it cannot be written."""
    with SoundWriter(path, chunk.rate) as writer:
        writer.write(chunk.samples)


class SoundWriter:
    """A mono 16-bit WAV file that grows piece by piece and can be played after `close`."""

    def __init__(self, path: str | Path, rate: int) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = soundfile.SoundFile(
                self.path, "w", samplerate=rate, channels=1, subtype="PCM_16", format="WAV"
            )
        except (soundfile.LibsndfileError, OSError) as problem:
            raise self._unwritable() from problem

    def write(self, samples: Samples) -> None:
        """Append float32 samples; values outside [-1, 1] are clipped."""
        # Rounded here: libsndfile scales floats in its own way and does not clip by default.
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
