"""Wyoming's wake service: a client's sound, in which a wake word is listened for."""

from __future__ import annotations

import asyncio
from typing import Self

import numpy as np
from wyoming.wake import Detect

from avatar_app.core.engines import WakeWordDetector
from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.session.served.shared_engines import SharedEngines
from avatar_app.session.served.wake_words import wake_word


class WakeListening:
    """Listens from a client's request until its sound ends."""

    def __init__(self, detector: WakeWordDetector) -> None:
        self._detector, self.name = detector, name_of(detector.phrase)
        self._rest: Samples = np.zeros(0, np.float32)
        self._heard = 0
        self.heard_any = False

    @classmethod
    async def begin(cls, engines: SharedEngines, wanted: Detect) -> Self:
        """Raises ConfigInvalid where there is no wake word, InputInvalid for another one."""
        listening = cls(await asyncio.to_thread(wake_word, engines))
        if wanted.names and listening.name not in wanted.names:
            listening.close()
            raise InputInvalid(
                f"There is no wake word {str(wanted.names[0])[:60]!r}.",
                f"There is {listening.name}.",
            )
        return listening

    def hear(self, sound: Samples) -> list[float]:
        """Take sound at 16 kHz; returns the seconds, since the beginning, at which the word was
        heard. Raises EngineFailed."""
        self._rest = np.concatenate([self._rest, sound])
        found = []
        while len(self._rest) >= MICROPHONE_BLOCK:
            block, self._rest = np.split(self._rest, [MICROPHONE_BLOCK])
            if self._detector.heard(AudioChunk(block, MICROPHONE_RATE, self._heard)):
                found.append((self._heard + MICROPHONE_BLOCK) / MICROPHONE_RATE)
            self._heard += MICROPHONE_BLOCK
        self.heard_any = self.heard_any or bool(found)
        return found

    def close(self) -> None:
        self._detector.close()


def name_of(phrase: str) -> str:
    """Return the name of a phrase, as Home Assistant writes them: hey_mira."""
    return "_".join(phrase.lower().split())
