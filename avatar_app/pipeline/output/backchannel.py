"""Backchannels: a low “uh-huh” at a pause in which the user has not finished. It is no turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from avatar_app.core.engines import SpeechSynthesizer
from avatar_app.core.turn import Turn
from avatar_app.core.unfinished_words import is_unfinished
from avatar_app.core.values import PLAYBACK_RATE, Samples
from avatar_app.pipeline.output.response_pipeline import ResponsePipeline
from avatar_app.pipeline.output.speech_buffer import SpeechBuffer
from avatar_app.pipeline.stage import Stage
from avatar_app.pipeline.utterance import Utterance

ACKNOWLEDGE = "acknowledge"
"""The stage that says it, once for each voice."""
SPOKEN_FOR = 3.5
"""Seconds that the user must have spoken."""
APART = 9.0
"""Seconds between two of them, at least."""
NOT_FINISHED = 0.3
"""Probability of an end, by the detector of ends, below which the user goes on."""
LONGEST = 0.9
"""Seconds; a voice that says it at greater length spells it, and is not used."""
GAIN = 0.5


class Backchannel:
    """Says a sound over the user's pause, by the loudspeaker alone: neither captions nor history
    know of it, and the echo canceller removes it from what is heard. Each voice says it once, ahead
    of time. For the conversation thread."""

    def __init__(
        self,
        text: str,
        responses: ResponsePipeline,
        clock: Callable[[], float],
    ) -> None:
        """`text`: what is said, by the voice of `responses`; empty: nothing."""
        self._text, self._responses, self._clock = text, responses, clock
        self._said_at = -APART
        self._of: SpeechSynthesizer | None = None
        self._sound: Samples | None = None
        self._stage: Stage[SpeechSynthesizer, Samples] = Stage(
            ACKNOWLEDGE, self._say, responses.activity, self._keep, _nothing, self._without
        )

    def prepare(self) -> None:
        """Let the voice say it, unless it has: the user has begun to speak, so that it is free."""
        voice = self._voice()
        if self._text and voice is not self._of:
            self._of, self._sound = voice, None
            self._stage.submit(Turn(0, clock=self._clock), voice)

    def offer(self, utterance: Utterance, ending: float | None = None) -> None:
        """The user pauses: say it, where the pause is no end and nothing else speaks against it.
        `ending`: the probability that it is one, where somebody knows."""
        sound, now = self._sound, self._clock()
        if sound is None or utterance.ended or utterance.over_avatar:
            return
        spoken_for = now - utterance.marks.get("user_started", now)
        if spoken_for < SPOKEN_FOR or now - self._said_at < APART:
            return
        goes_on = ending is not None and 0 < ending < NOT_FINISHED
        if goes_on or is_unfinished(utterance.text):
            self._said_at = now
            self._responses.playback.murmur(sound)

    def close(self) -> None:
        self._stage.close()

    def _voice(self) -> SpeechSynthesizer:
        return self._responses.engines.voice

    def _say(self, voice: SpeechSynthesizer, turn: Turn) -> Iterator[Samples]:
        speech = SpeechBuffer()
        with self._responses.engine_usage.of(self._voice) as engine:
            if engine is not voice:
                return  # it was exchanged meanwhile
            for chunk in engine.speak(self._text, turn):
                speech.append(chunk)
        speech.finish()
        yield speech.read(0, len(speech))

    def _keep(self, voice: SpeechSynthesizer, _turn: Turn, sound: Samples) -> None:
        loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max(initial=0.0))
        trimmed = sound[loud[0] : loud[-1] + 1] if len(loud) else sound[:0]
        if voice is self._of and 0 < len(trimmed) <= LONGEST * PLAYBACK_RATE:
            self._sound = (trimmed * GAIN).astype(np.float32)

    def _without(self, *_: object) -> None:
        """A voice that cannot say it says nothing; the next answer reports what is wrong."""


def _nothing(*_: object) -> None:
    """Nobody waits for the end."""
