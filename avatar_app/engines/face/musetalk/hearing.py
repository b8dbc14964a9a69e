"""The sound of each picture as Whisper's encoder hears it, while the speech is still arriving.

As published: pieces of 30 seconds are encoded by themselves; the hidden states after each layer, 50
of each a second, are the sound; a picture is given ten moments, four from before it. The encoder is
asked again whenever more has been heard, so what has been said is heard in its context; a speech
that comes whole is heard exactly as in the published program.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Samples, SpeechChunk
from avatar_app.engines.face.lips.hearing import RATE, HeardSpeech

Floats = NDArray[np.float32]
Encoder = Callable[[Samples], Floats]
"""Returns the hidden states, (moments, layers, width), of at most 30 s of sound."""

MOMENTS_PER_SECOND = 50
PIECE_SECONDS = 30
CONTEXT = 10
"""Moments that a picture is given."""
_MOMENT = RATE // MOMENTS_PER_SECOND
_PIECE = PIECE_SECONDS * RATE
_BEFORE = 2
"""Pictures' lengths before a picture from which its moments begin."""
_UNSETTLED = 2
"""Latest moments that are not used yet: the encoder's first layers look 32 ms ahead."""
_KEPT = 4 * CONTEXT
"""Moments of a finished piece that later pictures may still be given."""
_OPENING = slice(2, 9)
"""The moments in which sound opens the mouth."""
_QUIET = 0.0015
"""Root mean square below which a moment is silent: some 40 dB below a speaking voice."""


@dataclass(frozen=True, slots=True, eq=False)
class EncodedWindow:
    """Implements `engines.face.lips.performing.HeardWindow`."""

    frame: int
    sound: Floats
    """float32, (moments · layers, width)."""
    silent: bool


class EncodedWindows:
    """Implements `engines.face.lips.performing.Windows`."""

    def __init__(self, encode: Encoder, fps: float, lead: float) -> None:
        self._encode = encode
        self._fps, self._lead = fps, lead
        self._next = 0
        self._speech = HeardSpeech()
        self._piece: Samples = np.zeros(0, np.float32)
        self._pieces = 0
        self._before: Floats | None = None
        """Hidden states of the pieces that are finished, as far as pictures may still need
        them."""
        self._loudness: list[float] = []
        self._unmeasured: Samples = np.zeros(0, np.float32)

    def add(self, chunk: SpeechChunk) -> Iterator[EncodedWindow]:
        is_first = not self._speech.has_begun
        samples = self._speech.add(chunk)
        if is_first:
            self._next = round(self._speech.begins * self._fps)
        self._hear(samples)
        yield from self._windows(self._until(self._moments - _UNSETTLED))

    def end(self) -> Iterator[EncodedWindow]:
        if not self._speech.has_begun:
            return
        self._hear(self._speech.end())
        yield from self._windows(math.ceil(self._speech.ends * self._fps - 1e-6))

    @property
    def _moments(self) -> int:
        """Return how many moments have been heard."""
        return self._pieces * PIECE_SECONDS * MOMENTS_PER_SECOND + len(self._piece) // _MOMENT

    def _hear(self, samples: Samples) -> None:
        self._measure(samples)
        self._piece = np.concatenate([self._piece, samples])
        while len(self._piece) >= _PIECE:
            states = self._encode(self._piece[:_PIECE])
            before = self._before
            self._before = states if before is None else np.concatenate([before, states])
            self._piece, self._pieces = self._piece[_PIECE:], self._pieces + 1

    def _measure(self, samples: Samples) -> None:
        waiting = np.concatenate([self._unmeasured, samples])
        count = len(waiting) // _MOMENT
        self._unmeasured = waiting[count * _MOMENT :]
        blocks = waiting[: count * _MOMENT].reshape(-1, _MOMENT)
        self._loudness += np.sqrt(np.square(blocks).mean(axis=1)).tolist()

    def _until(self, moments: int) -> int:
        """Return the first picture whose moments are not all before `moments`."""
        frame = self._next
        while self._begin(frame) + CONTEXT <= moments:
            frame += 1
        return frame

    def _begin(self, frame: int) -> int:
        """Return the first moment of a picture; those before the speech are negative."""
        place = frame * MOMENTS_PER_SECOND / self._fps
        place -= (self._speech.begins + self._lead) * MOMENTS_PER_SECOND
        return math.floor(place + 1e-6) - _BEFORE * math.ceil(MOMENTS_PER_SECOND / self._fps)

    def _windows(self, until: int) -> Iterator[EncodedWindow]:
        if until <= self._next:
            return
        states, first = self._states()
        while self._next < until:
            begin = self._begin(self._next)
            sound = np.zeros((CONTEXT, *states.shape[1:]), np.float32)
            low, high = max(begin, first), min(begin + CONTEXT, first + len(states))
            if low < high:
                sound[low - begin : high - begin] = states[low - first : high - first]
            loudness = self._loudness[max(begin + _OPENING.start, 0) : begin + _OPENING.stop]
            silent = max(loudness, default=0.0) < _QUIET
            yield EncodedWindow(self._next, sound.reshape(-1, sound.shape[-1]), silent)
            self._next += 1
        if self._before is not None:
            self._before = self._before[-_KEPT:]

    def _states(self) -> tuple[Floats, int]:
        """Return the hidden states that are known, and the moment of the first one."""
        now = self._encode(self._piece)
        first = self._pieces * PIECE_SECONDS * MOMENTS_PER_SECOND
        if self._before is None:
            return now, first
        return np.concatenate([self._before, now]), first - len(self._before)
