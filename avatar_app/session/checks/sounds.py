"""What a check plays: a chime, and the avatar's own voice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from avatar_app.core.engines import SpeechSynthesizer
from avatar_app.core.turn import Turn
from avatar_app.core.values import PLAYBACK_RATE, Samples, SpeechChunk
from avatar_app.media.resample import resampled

SENTENCE = (
    "I say a few words now, so that we can hear how much of my voice comes back to me. One, two, "
    "three, four, five, and that was all."
)
"""Some six seconds, of which the check plays the first ones."""
_NOTES = ((659.26, 0.0), (987.77, 0.16))
"""Hertz (E5, B5) and seconds from the beginning."""
_CHIME_SECONDS = 1.1
_PARTIALS = ((1.0, 1.0, 5.0), (2.0, 0.22, 8.0), (3.01, 0.07, 12.0))
"""Of a small bell: frequency and loudness, and how quickly each fades (1/s)."""
_CHIME_PEAK = 0.22
_ATTACK = 0.008


def chime() -> Samples:
    """Two notes of a small bell; float32, mono, 48 kHz."""
    times = np.arange(round(_CHIME_SECONDS * PLAYBACK_RATE)) / PLAYBACK_RATE
    sound = np.zeros(len(times))
    for pitch, begin in _NOTES:
        since = np.maximum(times - begin, 0.0)
        rise = np.minimum(since / _ATTACK, 1.0)
        for ratio, loudness, fade in _PARTIALS:
            wave = np.sin(2 * np.pi * pitch * ratio * since)
            sound += rise * loudness * np.exp(-fade * since) * wave
    end = np.minimum((times[-1] - times) / 0.05, 1.0)
    return np.asarray(sound * end * _CHIME_PEAK / np.abs(sound).max(), np.float32)


def spoken(
    voice: SpeechSynthesizer, text: str, check: Callable[[], None], most: float | None = None
) -> Samples:
    """What `voice` says, float32 at 48 kHz; no more than `most` seconds, where that is given.
    `check` raises where nobody wants it any more."""
    sound = sound_of(speech_of(voice, text, check, most))
    return sound if most is None else sound[: round(most * PLAYBACK_RATE)]


def speech_of(
    voice: SpeechSynthesizer, text: str, check: Callable[[], None], most: float | None = None
) -> tuple[SpeechChunk, ...]:
    """What `voice` says, with its words and visemes; it stops after `most` seconds, where that is
    given."""
    chunks: list[SpeechChunk] = []
    seconds = 0.0
    for chunk in _said(voice, text, Turn(0)):
        check()
        chunks.append(chunk)
        seconds += chunk.audio.seconds
        if most is not None and seconds >= most:
            break
    return tuple(chunks)


def sound_of(chunks: Iterable[SpeechChunk]) -> Samples:
    """The sound of speech, float32 at 48 kHz."""
    pieces = [resampled(chunk.audio, PLAYBACK_RATE).samples for chunk in chunks]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def _said(voice: SpeechSynthesizer, text: str, turn: Turn) -> Iterator[SpeechChunk]:
    stream = voice.speak(text, turn)
    try:
        yield from stream
    finally:
        turn.cancel()
        if hasattr(stream, "close"):
            stream.close()
