"""Any sound file becomes mono sound, and sound a file; what cannot is said in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import soundfile

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.media.resample import Resampler
from avatar_app.media.sound_file import opened_sound

PIECE_FRAMES = 1 << 18
"""Frames read at a time: an hour of stereo at 96 kHz never lies in memory as a whole."""
FULL_SCALE = 32767


def read_sound(path: str | Path, rate: int = MICROPHONE_RATE) -> AudioChunk:
    """The sound of a file (WAV, FLAC, Ogg, MP3, M4A and what else FFmpeg knows; any rate, depth,
    channels) as mono at `rate`.

    Raises InputInvalid where the file is missing, empty, truncated, no sound, or over an hour long.
    """
    with opened_sound(Path(path)) as file:
        resampler = Resampler(file.rate, rate)
        blocks = file.blocks(PIECE_FRAMES)
        pieces = [resampler.process(each.mean(axis=1, dtype=np.float32)) for each in blocks]
    pieces.append(resampler.process(np.zeros(0, np.float32), last=True))
    return AudioChunk(np.concatenate(pieces), rate)


def write_sound(path: str | Path, chunk: AudioChunk) -> None:
    """The chunk as a WAV file of 16 bits. Raises InputInvalid where it cannot be written."""
    with SoundWriter(path, chunk.rate) as writer:
        writer.write(chunk.samples)


class SoundWriter:
    """A mono WAV file of 16 bits that grows piece by piece and can be played after `close`."""

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
