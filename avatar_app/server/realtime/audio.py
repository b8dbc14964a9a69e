"""Sound on the wire: base64 of 16-bit PCM at 24 kHz, in both directions, and what was sent when."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from bisect import bisect_right

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import MICROPHONE_RATE, PLAYBACK_RATE, Samples
from avatar_app.media.resample import Resampler
from avatar_app.media.stream_encoder import pcm_of, samples_of
from avatar_app.server.realtime.config import RATE
from avatar_app.session.served.wire import SentSpeech

LONGEST_APPEND = 15 * RATE * 2
"""Bytes of sound in one event."""


class InputDecoder:
    """The client's sound, as the conversation hears it."""

    def __init__(self) -> None:
        self._resampler = Resampler(RATE, MICROPHONE_RATE)
        self.milliseconds = 0
        """Of what was decoded so far."""
        self._count = 0

    def decode(self, audio: object) -> Samples:
        """Return 16 kHz samples. Raises InputInvalid for what is no sound."""
        if not isinstance(audio, str):
            raise InputInvalid("The event has no audio.", "Send audio as base64.")
        if len(audio) > LONGEST_APPEND * 4 // 3 + 4:
            raise InputInvalid("The event has more than 15 s of sound.", "Send less at a time.")
        try:
            pcm = b64decode(audio, validate=True)
        except (NotBase64, ValueError) as error:
            raise InputInvalid("The audio is not base64.", "Encode it again.") from error
        if len(pcm) % 2:
            raise InputInvalid("The audio is not 16-bit PCM.", "Send whole samples.")
        self._count += len(pcm) // 2
        self.milliseconds = self._count * 1000 // RATE
        return self._resampler.process(samples_of(pcm))


class OutputEncoder:
    """The speech of one answer as it is sent. Remembers which part of the speech each sample was,
    as speech that was interrupted by a cough goes back by a word."""

    def __init__(self) -> None:
        self._resampler = Resampler(PLAYBACK_RATE, RATE)
        self._given = 0
        self._sent = 0
        self._starts: list[int] = []
        self._places: list[int] = []
        self._next = -1

    @property
    def milliseconds(self) -> int:
        """Return how much was sent."""
        return self._sent * 1000 // RATE

    def encode(self, speech: SentSpeech) -> str:
        """Return the next piece, base64; may be empty."""
        if speech.start != self._next:
            self._starts.append(self._given)
            self._places.append(speech.start)
        self._next = speech.start + len(speech.samples)
        self._given += len(speech.samples)
        return self._encoded(self._resampler.process(speech.samples))

    def finish(self) -> str:
        """Return what the resampler holds back, base64."""
        return self._encoded(self._resampler.process(np.zeros(0, np.float32), last=True))

    def speech_seconds(self, milliseconds: int) -> float:
        """Return the seconds of the answer's speech after so many milliseconds of what was sent."""
        sent = milliseconds * PLAYBACK_RATE // 1000
        at = bisect_right(self._starts, sent) - 1
        if at < 0:
            return 0.0
        return (self._places[at] + sent - self._starts[at]) / PLAYBACK_RATE

    def _encoded(self, samples: Samples) -> str:
        self._sent += len(samples)
        return b64encode(pcm_of(samples)).decode()
