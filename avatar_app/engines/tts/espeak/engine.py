"""The espeak-ng engine: the built-in voice, which speaks clause by clause.

The default voice f2 was selected by measurement among espeak-ng's variants: a speech recognizer
(pocketsphinx, 18 sentences) understands f2 and f5 best, and of the two f2 has the higher
harmonics-to-noise ratio (13.8 against 13.1 dB).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.turn import Turn
from avatar_app.core.values import MouthShape, Samples, SpeechChunk
from avatar_app.engines.tts.espeak.library import RATE, Speaker, synthesize
from avatar_app.engines.tts.espeak.sound import LOUDNESS, bounds_of, rms_of, soften
from avatar_app.engines.tts.espeak.visemes import mouth_of
from avatar_app.engines.tts.espeak.words import words_of
from avatar_app.engines.tts.speech.chunks import Spoken, WordAt
from avatar_app.engines.tts.speech.manner import VoiceConfig, apply_manner, level_loudness
from avatar_app.engines.tts.speech.numerals import spell_out
from avatar_app.engines.tts.speech.phrases import Phrase, phrases_of

PLAIN = "plain"
"""The voice that uses a language's default without a variant."""
VOICES = (
    "f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8",
    "belinda", "michel", "miguel", "steph", PLAIN,
)  # fmt: skip

_FILES = {"en-gb": "en"}  # languages that espeak-ng knows by another name
_NORMAL_SPEED = 170  # words a minute
_MIDDLE = 50  # of espeak-ng's pitch and range
_SEMITONE = 5.3  # espeak-ng's steps of pitch, measured on four variants
_OWN_RANGE = 8.0  # semitones that are within espeak-ng's range; a library does the rest
_SAMPLE_TEXT = "1 2 3 4 5 6 7 8 9"  # every language can say it
_UNSPEAKABLE = RATE // 10  # samples of silence for a text of which nothing can be said


@dataclass(frozen=True, slots=True)
class _Options:
    """The options of the manifest."""

    language: str = "en-us"
    voice: str = "f2"
    speed: float = 1.0
    pitch: float = 0.0
    expressiveness: float = 1.0
    volume: float = 1.0

    @property
    def own_pitch(self) -> float:
        """Return the semitones of pitch shift that espeak-ng produces itself."""
        return min(max(self.pitch, -_OWN_RANGE), _OWN_RANGE)

    @property
    def speaker(self) -> Speaker:
        if self.voice not in VOICES:
            raise ConfigInvalid(
                f"espeak-ng has no voice {self.voice!r}.", f"It has {', '.join(VOICES)}."
            )
        language = _FILES.get(self.language, self.language)
        return Speaker(
            language if self.voice == PLAIN else f"{language}+{self.voice}",
            round(_NORMAL_SPEED * self.speed),
            int(np.clip(round(_MIDDLE + _SEMITONE * self.own_pitch), 0, 99)),
            # espeak-ng adds the melody in Hz: a higher voice needs a wider one
            int(np.clip(round(_MIDDLE * self.expressiveness * 2 ** (self.own_pitch / 12)), 0, 99)),
        )


@dataclass(frozen=True, slots=True)
class _Manner:
    """Parameters derived from the options."""

    speaker: Speaker
    gain: float
    """Gain from espeak-ng's samples to the target loudness."""
    pace: float
    """Divides the duration of pauses."""
    beyond: VoiceConfig
    """The pitch shift beyond espeak-ng's range."""


class EspeakVoice:
    """Implements `core.engines.SpeechSynthesizer` with word times and visemes; 22,050 Hz."""

    def __init__(self, **options: Any) -> None:
        self._options = _Options()
        self._manner = _manner(self._options)
        self.configure(**options)

    def configure(self, **options: Any) -> None:
        """Change options for the next `speak`. Raises ConfigInvalid for an unknown voice."""
        chosen = replace(self._options, **options)
        self._manner = _manner(chosen)
        self._options = chosen

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """Yield `text` in chunks of at most half a second, synthesized phrase by phrase."""
        manner, language = self._manner, self._options.language
        start, pause = 0, 0
        for phrase in phrases_of(text):
            turn.check()
            spelled = spell_out(phrase, language)
            spoken = apply_manner(_said(spelled, pause, manner, turn), manner.beyond)
            for chunk in spoken.chunks(start):
                turn.check()
                yield chunk
            start += len(spoken.samples)
            pause = round(phrase.pause / manner.pace * RATE)
        if start:
            yield from Spoken(np.zeros(pause, np.float32), RATE, [], []).chunks(start)

    @staticmethod
    def speakers(**_options: Any) -> tuple[str, ...]:
        """Return the voices, each of which speaks every language."""
        return VOICES

    def close(self) -> None:
        """Nothing to release: the library is loaded only while it synthesizes."""


def _manner(options: _Options) -> _Manner:
    """Test the voice, and return its parameters. Raises ModelMissing, ConfigInvalid."""
    beyond = VoiceConfig(pitch=options.pitch - options.own_pitch)
    sample = synthesize(_SAMPLE_TEXT, options.speaker, lambda: False).samples
    first, last = bounds_of(sample)
    loudness = max(rms_of(soften(sample[first:last])), LOUDNESS / 100)
    apply_manner(Spoken(soften(sample), RATE, [], None), beyond)
    return _Manner(options.speaker, options.volume * LOUDNESS / loudness, options.speed, beyond)


def _said(phrase: Phrase, pause: int, manner: _Manner, turn: Turn) -> Spoken:
    """Synthesize a phrase and the pause before it, as lips close before the sound of a “p”."""
    utterance = synthesize(phrase.spoken, manner.speaker, lambda: turn.cancelled)
    first, last = bounds_of(utterance.samples)
    sound = level_loudness(soften(utterance.samples[first:last]), manner.gain)
    samples = np.concatenate([np.zeros(pause, np.float32), sound])
    if not len(samples):
        samples = np.zeros(_UNSPEAKABLE, np.float32)
    shift = pause - first
    return Spoken(
        samples,
        RATE,
        _placed(words_of(phrase, utterance.words, last), shift, pause, samples),
        [(shape, max(0, sample + shift)) for shape, sample in mouth_of(utterance)]
        + [(MouthShape.SIL, len(samples))],
    )


def _placed(words: list[WordAt], shift: int, pause: int, samples: Samples) -> list[WordAt]:
    """Clamp the words to the sound that remains after trimming silence."""

    def within(sample: int) -> int:
        return min(max(sample + shift, pause), len(samples))

    return [WordAt(word.token, within(word.start), within(word.end)) for word in words]
