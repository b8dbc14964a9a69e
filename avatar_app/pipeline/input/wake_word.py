"""The wake word: the avatar rests until it is called, and a while after its last turn again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from avatar_app.core.engines import WakeWordDetector
from avatar_app.core.real_time import suspended_seconds
from avatar_app.core.values import BLOCK_SECONDS, AudioChunk
from avatar_app.pipeline.input.audio_frontend import CleanBlock

WAKE = "detect_wake_word"
"""What `working` names."""
CALL_SECONDS = 1.3
"""Of the sound before the word was heard that are recognized with what follows it: the word itself
tells a recognizer where a sentence begins, and is taken from its text afterwards."""
_AT_LEAST = 2 * BLOCK_SECONDS
"""For which it is awake."""
LED_IN = 30
"""Blocks before a sound in a quiet room that the detector hears with it."""


class WakeWordGate:
    """Decides from when on, and for how long, the avatar listens. For the conversation thread.

    While the avatar is awake, and where the room is quiet, the detector computes nothing.
    """

    def __init__(
        self,
        detector: WakeWordDetector | None,
        follow_up: float,
        suspended: Callable[[], float] = suspended_seconds,
    ) -> None:
        """`follow_up`: seconds for which it listens on after a turn. `suspended`: a number that
        grows by the seconds for which the computer is suspended."""
        self.detector, self._follow_up = detector, max(follow_up, _AT_LEAST)
        self._suspended, self._stood_still = suspended, suspended()
        self.working = ""
        """WAKE while the detector works, or when it has failed."""
        self._awake = 0.0  # seconds
        self._sound: deque[AudioChunk] = deque(maxlen=round(CALL_SECONDS / BLOCK_SECONDS))
        self._skipped: deque[AudioChunk] = deque(maxlen=LED_IN)

    @property
    def phrase(self) -> str:
        """What calls the avatar; empty where it always listens."""
        return self.detector.phrase if self.detector is not None else ""

    @property
    def awaited(self) -> str:
        """The phrase, while the avatar rests until it is said; empty while it listens."""
        return "" if self._awake > BLOCK_SECONDS / 2 else self.phrase

    def hear(self, block: CleanBlock, *, is_quiet: bool, is_busy: bool) -> bool:
        """Take the next 10 ms; returns whether the avatar was called. `is_busy`: somebody has the
        floor, and needs no wake word. Raises what the detector raises."""
        if not self.phrase:
            return False
        before, self._stood_still = self._stood_still, self._suspended()
        if self._stood_still - before > self._follow_up:  # of which no block came
            self._awake = 0.0
        rested = bool(self.awaited)
        self._awake = max(self._awake - BLOCK_SECONDS, self._follow_up if is_busy else 0.0)
        if not rested or is_busy:
            self.forget()
            return False
        self._sound.append(block.chunk)
        self._skipped.append(block.raw)
        if is_quiet or not self._is_called():
            return False
        self._awake = _AT_LEAST  # by then an utterance has begun
        return True

    def forget(self) -> None:
        """What was heard so far belongs to no call: it was private, or before the last turn."""
        self._sound.clear()
        self._skipped.clear()

    def sound(self) -> list[AudioChunk]:
        """Return the latest sound without the newest block, cleaned; it is forgotten here."""
        sound = list(self._sound)[:-1]
        self._sound.clear()
        return sound

    def _is_called(self) -> bool:
        assert self.detector is not None
        self.working = WAKE
        called = False
        while self._skipped:
            called = self.detector.heard(self._skipped.popleft()) or called
        self.working = ""
        return called
