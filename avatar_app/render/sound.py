"""The sound of a film: a recording or a spoken text, streamed in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from avatar_app.core.errors import EngineFailed, InputInvalid
from avatar_app.core.turn import Turn
from avatar_app.core.values import PLAYBACK_RATE, AudioChunk, Samples, SpeechChunk
from avatar_app.media.downmix import downmix
from avatar_app.media.resample import Resampler
from avatar_app.media.sound_file import opened_sound
from avatar_app.media.subtitles import Subtitle
from avatar_app.pipeline.output.moods import with_moods

LONGEST_SECONDS = 300.0
TAKE_SECONDS = 8
"""Length of the pieces: long, because a face fills its batches from one piece at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """A piece of sound."""

    speech: SpeechChunk
    """What the face hears."""
    sides: tuple[Samples, ...]
    """The film's sound at 48 kHz: the left and the right channel, or one for both."""


class Sound(Protocol):
    """The sound of a film."""

    seconds: float
    stereo: bool
    subtitles: tuple[Subtitle, ...]
    """What is said, and when; empty where that is not known."""

    def takes(self) -> Iterator[Take]:
        """Yield all of it, from the beginning, in order."""


class SoundFile:
    """A sound file (WAV, FLAC, Ogg, MP3; any rate, depth and channels), read once for
    validation.

    Raises InputInvalid where it is missing, empty, truncated, not a sound file, longer than five
    minutes, or without valid samples.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.subtitles: tuple[Subtitle, ...] = ()
        with opened_sound(path) as file:
            self.stereo = file.channels == 2
            count, most = 0, LONGEST_SECONDS * file.rate
            for block in file.blocks(TAKE_SECONDS * file.rate):
                count += len(block)
                if count > most:
                    raise InputInvalid(
                        f"{path} is longer than {LONGEST_SECONDS / 60:.0f} minutes.",
                        "Cut it into shorter pieces.",
                    )
            self.seconds = count / file.rate

    def takes(self) -> Iterator[Take]:
        start = 0
        with opened_sound(self.path) as file:
            count = 1 + self.stereo
            resamplers = [Resampler(file.rate, PLAYBACK_RATE) for _ in range(count)]
            left = round(self.seconds * file.rate)
            for block in file.blocks(TAKE_SECONDS * file.rate):
                left -= len(block)
                columns = block.T if self.stereo else downmix(block)[None]
                sides = tuple(
                    resampler.process(column, last=left <= 0)
                    for resampler, column in zip(resamplers, columns, strict=True)
                )
                yield Take(SpeechChunk(AudioChunk(_mixed(sides), PLAYBACK_RATE, start)), sides)
                start += len(sides[0])


class SpokenText:
    """A text in the voice of an engine, synthesized on creation; its chunks contain more than
    sound."""

    def __init__(self, voice: Any, text: str, turn: Turn) -> None:
        """`voice`: a `core.engines.SpeechSynthesizer`. Raises EngineFailed where it produces no
        sound."""
        self.stereo = False
        self.subtitles: tuple[Subtitle, ...] = ()
        self._chunks: list[SpeechChunk] = []
        self.seconds = 0.0
        for chunk in with_moods(voice.speak(text, turn), text):
            turn.check()
            self._chunks.append(chunk)
            self.seconds += chunk.audio.seconds
            if self.seconds > LONGEST_SECONDS:
                raise InputInvalid("The text takes longer than five minutes.", "Shorten it.")
        if not self.seconds:
            raise EngineFailed(
                "The voice produced no sound.", "Enter words, or choose another voice."
            )

    def takes(self) -> Iterator[Take]:
        resampler = Resampler(self._chunks[0].audio.rate, PLAYBACK_RATE)
        for index, chunk in enumerate(self._chunks, 1):
            last = index == len(self._chunks)
            yield Take(chunk, (resampler.process(chunk.audio.samples, last=last),))


def _mixed(sides: tuple[Samples, ...]) -> Samples:
    return sides[0] if len(sides) == 1 else (sides[0] + sides[1]) * np.float32(0.5)
