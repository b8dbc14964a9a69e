"""What is said and shown at each moment: speech as it comes, and the picture that belongs to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import PLAYBACK_RATE
from avatar_app.server.webrtc.planes import Planes

FRAME = PLAYBACK_RATE // 50
"""Samples of 20 ms, as Opus takes them."""
DELAY = 0.15
"""Seconds from the arrival of speech to its sound; pictures arrive meanwhile."""
FADE = 240
"""Samples of 5 ms, in which speech that is cut off ends."""
HALF_A_PICTURE = PLAYBACK_RATE // 50
OLD = 2.0
"""Seconds after which a picture is shown in any case."""
MOST_PICTURES = 50
Pcm = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Sounding:
    """The sample that is sent now."""

    turn: int
    """0: nothing sounds."""
    position: int = 0


@dataclass(slots=True, eq=False)
class _Piece:
    turn: int
    start: int
    samples: Pcm


@dataclass(slots=True, eq=False)
class _Picture:
    turn: int
    start: int
    planes: Planes
    at: float


class CallTimeline:
    """Speech and pictures in their order; the one's place decides about the other."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: in seconds."""
        self._clock = clock
        self._speech: deque[_Piece] = deque()
        self._pictures: deque[_Picture] = deque()
        self._begins_at: float | None = None
        self._fades = False
        self._shown: Planes | None = None
        self.sounding = Sounding(0)

    def speak(self, turn: int, start: int, samples: Pcm) -> None:
        """Add a piece of speech, 48 kHz."""
        if self._begins_at is None:
            self._begins_at = self._clock() + DELAY
        self._speech.append(_Piece(turn, start, samples))

    def show(self, turn: int, start: int, planes: Planes) -> None:
        """Add a picture that belongs to a sample of a turn; turn 0: to none."""
        if len(self._pictures) == MOST_PICTURES:
            self._pictures.popleft()
        self._pictures.append(_Picture(turn, start, planes, self._clock()))

    def flush(self) -> None:
        """Let speech fade within a moment."""
        self._fades = self.sounding.turn > 0
        if not self._fades:
            self._end()

    def next_sound(self) -> Pcm:
        """Return FRAME samples; silence where nothing is said."""
        out = np.zeros(FRAME, np.int16)
        if self._begins_at is None or self._clock() < self._begins_at:
            return out
        if self._speech:
            first = self._speech[0]
            self.sounding = Sounding(first.turn, first.start)
        filled = self._fill(out)
        if self._fades:
            out[FADE:] = 0
            out[:FADE] = out[:FADE] * np.linspace(1, 0, FADE)
        if self._fades or not filled:
            self._end()
        return out

    def _fill(self, out: Pcm) -> int:
        at = 0
        while at < len(out) and self._speech:
            piece = self._speech[0]
            count = min(len(out) - at, len(piece.samples))
            out[at : at + count] = piece.samples[:count]
            piece.samples, piece.start = piece.samples[count:], piece.start + count
            at += count
            if not len(piece.samples):
                self._speech.popleft()
        return at

    def _end(self) -> None:
        self._speech.clear()
        self._begins_at, self._fades, self.sounding = None, False, Sounding(0)

    def picture(self) -> Planes | None:
        """Return the picture that is on show now; None before the first one."""
        while self._pictures and self._is_due(self._pictures[0]):
            self._shown = self._pictures.popleft().planes
        return self._shown

    def _is_due(self, picture: _Picture) -> bool:
        age, sounding = self._clock() - picture.at, self.sounding
        if not picture.turn:
            return age >= DELAY or not sounding.turn
        if picture.turn == sounding.turn:
            return picture.start <= sounding.position + HALF_A_PICTURE or age > OLD
        return picture.turn < sounding.turn or age >= 2 * DELAY  # its sound is over, or never came
