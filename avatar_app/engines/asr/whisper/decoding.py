"""Decodes available sound into a hypothesis, and drops hallucinations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from avatar_app.core.values import MICROPHONE_RATE, Samples, Word
from avatar_app.engines.asr.whisper.belief import (
    NO_SPEECH,
    REPEATING,
    UNSURE,
    compression,
    echoes,
    ends_twice,
    repeats,
    until_repetition,
)
from avatar_app.engines.asr.whisper.encoding import (
    LONGEST,
    PADDING,
    EncodedSound,
    encode,
)
from avatar_app.engines.asr.whisper.hypothesis import DecodingOptions, Hypothesis
from avatar_app.engines.asr.whisper.language import SpokenLanguage
from avatar_app.engines.asr.whisper.long_sound import decode_long
from avatar_app.engines.asr.whisper.prompting import tokens_before
from avatar_app.engines.asr.whisper.segments import Segment, align, split, tokenizer_for, within
from avatar_app.engines.asr.whisper.voice import VoicedSound, find_voice

LEAST_TOKENS, TOKENS_A_SECOND, MOST_TOKENS = 16, 12, 224
"""Limits of a text's length, which end a hypothesis in a loop."""
SHORTEST = 0.1
"""Seconds of voice that may contain a word."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Parameters of one decoding attempt."""

    padding: float
    """Seconds after the sound."""
    temperature: float = 0.0


ATTEMPTS = (
    Attempt(PADDING),
    Attempt(2 * PADDING),
    Attempt(4 * PADDING),
    Attempt(4 * PADDING, temperature=0.4),
)
"""Attempts for a final text, until one is reliable: quick, with more silence, and by sampling,
which leads out of a loop. The user waits: a whole window of 30 s would cost six times as much."""


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    """The result of one attempt."""

    encoded: EncodedSound
    tokenizer: Any
    language: str
    segments: tuple[Segment, ...]
    sureness: float
    """Mean log-probability of the tokens."""
    no_speech: float
    whole: bool
    """Whether it ended by itself, not at the token limit."""

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments).strip()

    @property
    def is_silence(self) -> bool:
        return self.sureness < UNSURE and self.no_speech > NO_SPEECH

    @property
    def loops(self) -> bool:
        return compression(self.text) > REPEATING or repeats(self.text)

    @property
    def is_believable(self) -> bool:
        doubtful = self.loops or ends_twice(self.text)
        return self.whole and self.sureness >= UNSURE and not doubtful


class Decoder:
    """A `faster_whisper.WhisperModel`, and the tokenizers of the languages used so far."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._tokenizers: dict[str, Any] = {}
        self._spoken = SpokenLanguage()

    def decode(
        self,
        samples: Samples,
        options: DecodingOptions,
        *,
        final: bool,
        is_stale: Callable[[], bool] = lambda: False,
    ) -> Hypothesis | None:
        """Return what is said in `samples` (16 kHz).

        Partial texts are decoded greedily, once; the final one with a beam, more attempts, and
        times. `is_stale` is called between pieces of work; returns None if the text is no longer
        wanted.
        """
        voiced = find_voice(samples) if options.voice_filter else VoicedSound(samples)
        seconds = len(voiced.samples) / MICROPHONE_RATE
        if seconds < SHORTEST:
            return Hypothesis()
        if seconds > LONGEST:
            return decode_long(self.model, voiced, options, final=final)
        best = self._search(voiced.samples, options, final=final, is_stale=is_stale)
        if best is not None and echoes(best.text, options.prompt):
            unprompted = replace(options, prompt="")
            best = self._search(voiced.samples, unprompted, final=final, is_stale=is_stale)
        if best is None:
            return None
        if final and best.is_believable:
            self._spoken.understood(best.language)
        return self._hypothesis(best, voiced, options, final=final)

    def _search(
        self,
        samples: Samples,
        options: DecodingOptions,
        *,
        final: bool,
        is_stale: Callable[[], bool],
    ) -> _Decoded | None:
        """Return the first reliable attempt; else the most probable."""
        tried: list[_Decoded] = []
        encoded, padding = None, -1.0
        for attempt in ATTEMPTS if final else ATTEMPTS[:1]:
            if encoded is None or attempt.padding != padding:
                encoded, padding = encode(self.model, samples, attempt.padding), attempt.padding
            if is_stale():
                return None
            beam = options.beam if final else 1
            tried.append(self._generate(encoded, options, beam, attempt.temperature))
            if tried[-1].is_believable or tried[-1].is_silence:
                return tried[-1]
        return max(tried, key=lambda each: (not each.loops, each.sureness))

    def _generate(
        self, encoded: EncodedSound, options: DecodingOptions, beam: int, temperature: float
    ) -> _Decoded:
        language = self._language(encoded, options.language)
        tokenizer = self._tokenizer(language)
        before = tokens_before(self.model, options)
        prompt = ([tokenizer.sot_prev, *before] if before else []) + tokenizer.sot_sequence
        most = most_tokens(encoded.seconds)
        chance = {"sampling_topk": 0, "sampling_temperature": temperature} if temperature else {}
        [result] = self.model.model.generate(
            encoded.output,
            [prompt],
            beam_size=1 if temperature else beam,
            max_length=len(prompt) + most,
            return_scores=True,
            return_no_speech_prob=True,
            **chance,
        )
        [tokens], [score] = result.sequences_ids, result.scores
        segments = split(tokens, tokenizer)
        spoken = within(segments, encoded.seconds)
        return _Decoded(
            encoded,
            tokenizer,
            language,
            spoken,
            score * len(tokens) / (len(tokens) + 1),
            result.no_speech_prob,
            len(tokens) < most or len(spoken) < len(segments),
        )

    def _language(self, encoded: EncodedSound, wanted: str | None) -> str:
        """Return the chosen language, or else the detected one."""
        if not self.model.model.is_multilingual:
            return "en"
        if wanted is not None:
            return wanted
        [detected] = self.model.model.detect_language(encoded.output)
        named = (
            (token.removeprefix("<|").removesuffix("|>"), probability)
            for token, probability in detected
        )
        return self._spoken.choose(named, encoded.seconds)

    def _tokenizer(self, language: str) -> Any:
        if language not in self._tokenizers:
            self._tokenizers[language] = tokenizer_for(self.model, language)
        return self._tokenizers[language]

    def _hypothesis(
        self, decoded: _Decoded, voiced: VoicedSound, options: DecodingOptions, *, final: bool
    ) -> Hypothesis:
        if decoded.is_silence or not decoded.text:
            return Hypothesis()
        spoken = decoded.text.split()
        unrepeated = until_repetition(spoken)
        words: tuple[Word, ...] = ()
        if final and options.word_times:
            timed = align(self.model, decoded.tokenizer, decoded.encoded, decoded.segments)
            words = tuple(voiced.placed(word) for word in timed)
        if len(unrepeated) == len(spoken):
            text = decoded.text
        else:
            text, words = " ".join(unrepeated), words[: len(unrepeated)]
        return Hypothesis(text, math.exp(min(decoded.sureness, 0.0)), words, decoded.language)


def most_tokens(seconds: float) -> int:
    """Return the maximum number of tokens for so many seconds of speech, including timestamps."""
    return min(LEAST_TOKENS + math.ceil(seconds * TOKENS_A_SECOND), MOST_TOKENS)
