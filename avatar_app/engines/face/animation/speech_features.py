"""Visemes and loudness of live speech, independent of its chunks.

Where a voice provides no visemes, they are derived from the sound (see viseme_network.py).
"""

from __future__ import annotations

import math

import numpy as np

from avatar_app.core.values import Mood, MouthShape, SpeechChunk
from avatar_app.engines.face.animation.pose import Mouth
from avatar_app.engines.face.animation.viseme_network import VisemeStream
from avatar_app.engines.face.animation.visemes import Segment, blend_visemes

LOOKAHEAD = 0.078
"""Seconds of speech after a moment that must have arrived before its mouth is known."""
LOOKAHEAD_BY_SOUND = 0.098
"""The same where the mouth is derived from the sound."""
_HOP = 0.01
"""Seconds over which loudness is measured."""
_SMOOTH = np.hanning(13)[1:-1].astype(np.float64) / np.hanning(13).sum()
"""Over 11 hops: it ends 60 ms after the moment."""
_CONTINUED = 0.3
"""Seconds: a shorter chunk without visemes continues the last one; a longer one is analyzed."""
_FLOOR = 0.02
"""RMS below which the loudest sound of a speech does not count as loud."""
_BY_VISEMES, _BY_SOUND = (0.015, 0.1), (0.01, 0.03)
"""Levels, relative to the loudest, up to which the mouth is closed and from which it opens fully,
with visemes or by sound: the network recognizes pauses itself, and distinguishes them from the
silence within a t or k."""
_FORGET = 0.9985
"""Per hop: how fast the loudest sound is forgotten (half of it in 4.6 s)."""


class SpeechFeatures:
    """One growing speech. Chunks are contiguous and of one rate."""

    def __init__(self) -> None:
        self.begins: float | None = None
        """Seconds of the turn's timeline at which the speech begins; None while unknown."""
        self.covered = 0.0
        """Seconds of the turn's timeline that have arrived."""
        self.ended = False
        self._segments: list[Segment] = []
        self._moods: list[tuple[float, Mood]] = []
        self._rest = np.zeros(0, dtype=np.float32)
        self._rate = 0
        self._stream: VisemeStream | None = None
        """Analyzes the sound from the first chunk without visemes on."""
        self._stream_begins = 0.0
        self._loudness: list[float] = []
        self._loudest: list[float] = []

    def add(self, chunk: SpeechChunk) -> None:
        """Add the next chunk of the speech."""
        offset = chunk.audio.start / chunk.audio.rate
        if self.begins is None:
            self.begins = offset
        self._rate = chunk.audio.rate
        self.covered = offset + chunk.audio.seconds
        self._moods.append((offset, chunk.mood))
        self._add_visemes(chunk, offset)
        self._add_sound(chunk.audio.samples)
        if self._stream:
            self._stream.add(chunk.audio.samples)

    @property
    def known(self) -> float:
        """Return the seconds of the turn's timeline up to which later chunks do not change the
        mouth."""
        return self.covered - (LOOKAHEAD_BY_SOUND if self._stream else LOOKAHEAD)

    def end(self) -> None:
        """End the speech: silence follows."""
        self.ended = True
        self._segments.append(Segment(self.covered, MouthShape.SIL))
        self._add_sound(np.zeros(self._hop() - 1, dtype=np.float32))
        if self._stream:
            self._stream.end()

    def _add_visemes(self, chunk: SpeechChunk, offset: float) -> None:
        unknown = not self._segments or chunk.audio.seconds > _CONTINUED
        if not chunk.visemes and unknown:
            self._segments.append(Segment(offset, None))
            if not self._stream:
                self._stream, self._stream_begins = VisemeStream(chunk.audio.rate), offset
        for viseme in chunk.visemes:
            self._segments.append(Segment(offset + viseme.at, viseme.shape))

    def _hop(self) -> int:
        return max(round(self._rate * _HOP), 1)

    def _add_sound(self, samples: np.ndarray) -> None:
        hop = self._hop()
        sound = np.concatenate([self._rest, samples])
        whole = len(sound) // hop
        self._rest = sound[whole * hop :]
        for block in sound[: whole * hop].reshape(whole, hop):
            level = float(np.sqrt(np.mean(block.astype(np.float64) ** 2)))
            before = self._loudest[-1] if self._loudest else _FLOOR
            self._loudness.append(level)
            self._loudest.append(max(before * _FORGET, level, _FLOOR))

    def mood(self, at: float) -> Mood:
        """Return the mood of what is said at `at`; none after the end."""
        if at >= self.covered:
            return Mood.NEUTRAL
        return next((mood for since, mood in reversed(self._moods) if since <= at), Mood.NEUTRAL)

    def loudness(self, at: float) -> float:
        """Return in [0, 1] how loud the speech is at `at`, relative to its loudest sounds
        so far."""
        level, loudest = self._heard(at)
        return _loud(level / loudest)

    def mouth(self, at: float) -> Mouth:
        """Return the mouth at `at` seconds of the turn's timeline."""
        level, loudest = self._heard(at)
        by_sound = self._stream.mouth(at - self._stream_begins) if self._stream else Mouth()
        shape = blend_visemes(self._segments, at, by_sound)
        alive = self._alive(level / loudest)
        return shape._replace(
            opening=min(shape.opening * alive, 1.0), jaw=min(shape.jaw * alive, 1.0)
        )

    def _alive(self, relative: float) -> float:
        """Return how much of its opening a mouth shows at this share of the loudest level."""
        if self._stream:  # it has heard how loud the sound is
            return _gate(relative, *_BY_SOUND)
        return (0.72 + 0.42 * _loud(relative)) * _gate(relative, *_BY_VISEMES)

    def _heard(self, at: float) -> tuple[float, float]:
        """Return level and loudest level around `at`, smoothed without delay."""
        place = (at - (self.begins or 0.0)) / _HOP - 0.5
        first = math.floor(place) - 5
        part = place - math.floor(place)
        now = _weighted(self._loudness, first) * (1 - part)
        now += _weighted(self._loudness, first + 1) * part
        newest = min(max(first + 5, 0), len(self._loudest) - 1)
        return now, self._loudest[newest] if self._loudest else _FLOOR


def _weighted(levels: list[float], first: int) -> float:
    begin, end = max(first, 0), min(first + len(_SMOOTH), len(levels))
    if end <= begin:
        return 0.0
    return float(np.dot(_SMOOTH[begin - first : end - first], levels[begin:end]))


def _loud(relative: float) -> float:
    return min(math.pow(relative / 0.62, 0.75), 1.0)


def _gate(relative: float, shut: float, open_from: float) -> float:
    x = min(max((relative - shut) / (open_from - shut), 0.0), 1.0)
    return x * x * (3 - 2 * x)
