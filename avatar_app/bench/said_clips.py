"""Clips with known words: real recordings, whole and cut at their pauses, and a synthetic voice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.session.offline.simulated_user import PHRASES, UserVoice, pauses_in, recordings

SAID = {
    "goforward.wav": ("go forward ten meters",),
    "jfk.flac": (
        "and so my fellow americans",
        "ask not",
        "what your country can do for you",
        "ask what you can do for your country",
    ),
    "librivox-0870.wav": (
        "and mister john dashwood had then leisure to consider how much there might be prudently "
        "in his power to do for them",
    ),
    "librivox-0890.wav": (
        "unless to be rather cold hearted and rather selfish is to be ill disposed",
    ),
}
"""From pause to pause."""
PAUSE = 0.3
"""Seconds of silence at which a recording is cut."""
MARGIN = 0.2
"""Maximum seconds around a piece."""
SHORT = 8.0
"""Seconds: the longest piece."""


@dataclass(frozen=True, slots=True, eq=False)
class SaidClip:
    """A sound, and the words in it."""

    name: str
    samples: Samples
    """float32, 16 kHz."""
    said: str
    real: bool
    """A person's voice."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / MICROPHONE_RATE


def said_clips(*, quick: bool) -> list[SaidClip]:
    """Return the recordings of the checkout (an installation has none), and espeak-ng's voice."""
    real = [clip for whole in recordings() for clip in _clips(whole.name, whole.samples)]
    with UserVoice() as voice:
        phrases = PHRASES[:4] if quick else PHRASES
        spoken = [SaidClip(text, voice.say(text).samples, text, real=False) for text in phrases]
    return (real[::3] if quick else real) + spoken


def _clips(name: str, samples: Samples) -> Iterator[SaidClip]:
    """Return the whole recording, and its parts between any two pauses that are not too long."""
    said = SAID[name]
    yield SaidClip(name, samples, " ".join(said), real=True)
    edges = [(0.0, 0.0), *pauses_in(samples, PAUSE), (len(samples) / MICROPHONE_RATE,) * 2]
    for first in range(len(said)):
        for last in range(first, len(said)):
            start = max(edges[first][0], edges[first][1] - MARGIN)
            end = min(edges[last + 1][1], edges[last + 1][0] + MARGIN)
            if (first, last) != (0, len(said) - 1) and end - start <= SHORT:
                piece = samples[round(start * MICROPHONE_RATE) : round(end * MICROPHONE_RATE)]
                text = " ".join(said[first : last + 1])
                yield SaidClip(f"{name} {first}-{last}", piece, text, real=True)
