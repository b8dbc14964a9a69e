"""Speech before a pause: a short piece beside the pause is recognized together with it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_RATE, Samples

SHORT = 2.5
"""Seconds of sound; shorter pieces are not recognized alone: "ask" and "not" became "S" and "Not".
See docs/benchmarks.md."""
LONGEST_JOINED = 12.0
"""Seconds of sound that are recognized together: the user waits for it."""


def _no_sound() -> Samples:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class EarlierSpeech:
    """What was said in a turn until a pause. Its last segments, if they were recognized together or
    contain no word, are the latest piece."""

    context: str = ""
    """The text before the latest piece."""
    text: str = ""
    """The text of the latest piece."""
    samples: Samples = field(default_factory=_no_sound)
    """The sound of the latest piece, 16 kHz."""
    segments: int = 0
    """Number of segments in the latest piece."""

    @property
    def whole_text(self) -> str:
        return f"{self.context} {self.text}".strip()

    @property
    def seconds(self) -> float:
        """Length of the latest piece."""
        return len(self.samples) / MICROPHONE_RATE

    def joined(self, samples: Samples) -> Samples | None:
        """Return the sound before and after the pause, if they should be recognized together."""
        seconds = len(samples) / MICROPHONE_RATE
        wanted = self.segments > 0 and min(seconds, self.seconds) < SHORT
        fits = seconds + self.seconds <= LONGEST_JOINED
        return np.concatenate([self.samples, samples]) if wanted and fits else None

    def followed_by(self, samples: Samples, text: str, *, joined: bool) -> EarlierSpeech:
        """Return this with the segment after the pause; `joined`: `text` is that of the latest
        piece as well."""
        if text and not joined:
            return EarlierSpeech(self.whole_text, text, samples.copy(), 1)
        both = np.concatenate([self.samples, samples])
        if len(both) > LONGEST_JOINED * MICROPHONE_RATE:
            return EarlierSpeech(self.whole_text)
        return EarlierSpeech(self.context, text or self.text, both, self.segments + 1)


class Recollection:
    """Keeps what was said until now in one turn: the same sentence goes on in the turn of the same
    number."""

    def __init__(self) -> None:
        self._turn, self._speech = -1, EarlierSpeech()

    def take(self, turn: Turn) -> EarlierSpeech:
        """Return what was said before in this turn. It is forgotten until `keep`: what follows a
        failed segment does not follow the one before it."""
        taken = self._speech if turn.id == self._turn else EarlierSpeech()
        self._speech = EarlierSpeech()
        return taken

    def keep(self, turn: Turn, speech: EarlierSpeech) -> None:
        self._turn, self._speech = turn.id, speech
