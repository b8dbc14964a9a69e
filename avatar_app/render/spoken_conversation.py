"""A conversation spoken again: the avatar in its own voice, the user in another, with subtitles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from avatar_app.core.errors import EngineFailed, InputInvalid
from avatar_app.core.turn import Turn
from avatar_app.core.values import PLAYBACK_RATE, AudioChunk, SpeechChunk
from avatar_app.media.resample import Resampler
from avatar_app.media.subtitles import Subtitle
from avatar_app.pipeline.output.moods import with_moods
from avatar_app.render.sound import Take

LONGEST_SECONDS = 3600.0
BETWEEN = 0.6
"""Seconds of silence between two speakers, and at both ends."""


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """What one of the two says."""

    text: str
    speaker: str
    by_avatar: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    by_avatar: bool
    chunks: tuple[SpeechChunk, ...]

    @property
    def seconds(self) -> float:
        return sum(chunk.audio.seconds for chunk in self.chunks)


class SpokenConversation:
    """A `Sound`: while the user speaks the face hears silence. All is spoken when it is made, as
    the length of a film must be known before its first picture; `tell` receives the share done.

    `avatar` and `user` are voices (`core.engines.SpeechSynthesizer`). Raises EngineFailed where
    nothing can be said, InputInvalid where it takes longer than an hour.
    """

    def __init__(
        self,
        lines: Sequence[SpokenLine],
        avatar: Any,
        user: Any,
        turn: Turn,
        tell: Callable[[float], None] = lambda _share: None,
    ) -> None:
        self.stereo = False
        self.seconds = BETWEEN
        self._said: list[_Said] = []
        subtitles = []
        for number, line in enumerate(lines, 1):
            said = _speak(avatar if line.by_avatar else user, line, turn)
            if said.chunks:
                end = self.seconds + said.seconds
                subtitles.append(Subtitle(self.seconds, end, line.text, line.speaker))
                self._said.append(said)
                self.seconds = end + BETWEEN
            if self.seconds > LONGEST_SECONDS:
                raise InputInvalid(
                    "The conversation takes longer than an hour to say.", "Export it as text."
                )
            tell(number / len(lines))
        if not self._said:
            raise EngineFailed("The voice said nothing.", "Choose another voice.")
        self.subtitles = tuple(subtitles)

    def takes(self) -> Iterator[Take]:
        """All of it, in order; for the face on one time line and at one rate."""
        rates = [said.chunks[0].audio.rate for said in self._said if said.by_avatar]
        rate = rates[0] if rates else PLAYBACK_RATE
        heard = 0
        for take in self._parts(rate):
            audio = take.speech.audio
            yield replace(take, speech=replace(take.speech, audio=replace(audio, start=heard)))
            heard += len(audio.samples)

    def _parts(self, rate: int) -> Iterator[Take]:
        yield _silence(BETWEEN, rate)
        for said in self._said:
            resampler = Resampler(said.chunks[0].audio.rate, PLAYBACK_RATE)
            for index, chunk in enumerate(said.chunks, 1):
                samples = resampler.process(chunk.audio.samples, last=index == len(said.chunks))
                unheard = _silence(chunk.audio.seconds, rate).speech
                yield Take(chunk if said.by_avatar else unheard, (samples,))
            yield _silence(BETWEEN, rate)


def _speak(voice: Any, line: SpokenLine, turn: Turn) -> _Said:
    chunks = []
    for chunk in with_moods(voice.speak(line.text, turn), line.text):
        turn.check()
        chunks.append(chunk)
    return _Said(line.by_avatar, tuple(chunks))


def _silence(seconds: float, rate: int) -> Take:
    quiet = np.zeros(round(seconds * rate), np.float32)
    sides = np.zeros(round(seconds * PLAYBACK_RATE), np.float32)
    return Take(SpeechChunk(AudioChunk(quiet, rate)), (sides,))
