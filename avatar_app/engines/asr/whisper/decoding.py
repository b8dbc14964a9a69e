"""Decoding: sound in hand becomes a hypothesis, without what nobody said."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from avatar_app.core.values import MICROPHONE_RATE, Samples, Word

NO_SPEECH = 0.6
"""Probability of silence from which a segment that is unsure as well is dropped."""
UNSURE = -1.0
"""Mean log-probability of a segment's tokens below which its words are doubted."""
REPEATING = 2.4
"""Times that a text can be compressed, from which on it says the same again and again."""
MOST_REPEATED = 3
"""Times that a word may follow itself."""
LEAST_TOKENS, TOKENS_A_SECOND, MOST_TOKENS = 16, 12, 224
"""A text cannot be longer than anybody speaks: a hypothesis in a loop ends."""
MOST_PROMPT_TOKENS = MOST_HOTWORD_TOKENS = 100
"""Of what stands before a text: together with it they fit into Whisper's 448 tokens."""
FALLBACK = (0.0, 0.4)
"""Temperatures tried for the final text."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How sound is decoded."""

    language: str | None = None
    """ISO 639-1; None: found out."""
    beam: int = 1
    voice_filter: bool = True
    word_times: bool = True
    prompt: str = ""
    hotwords: str = ""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What may have been said."""

    text: str = ""
    confidence: float = 0.0
    """Geometric mean of the tokens' probabilities."""
    words: tuple[Word, ...] = ()
    """Seconds from the sound's beginning."""


def decode(model: Any, samples: Samples, wanted: Wanted, *, final: bool) -> Hypothesis:
    """Decode `samples` (16 kHz) with a `faster_whisper.WhisperModel`.

    Partial texts are decoded greedily, once; the final one with a beam, a second try, and times.
    """
    seconds = len(samples) / MICROPHONE_RATE
    most = min(LEAST_TOKENS + math.ceil(seconds * TOKENS_A_SECOND), MOST_TOKENS)
    segments, _ = model.transcribe(
        samples,
        language=wanted.language,
        beam_size=wanted.beam if final else 1,
        temperature=FALLBACK if final else 0.0,
        condition_on_previous_text=False,
        no_speech_threshold=NO_SPEECH,
        log_prob_threshold=UNSURE,
        compression_ratio_threshold=REPEATING,
        initial_prompt=_shortened(model, wanted.prompt, slice(-MOST_PROMPT_TOKENS, None)),
        hotwords=_shortened(model, wanted.hotwords, slice(MOST_HOTWORD_TOKENS)),
        vad_filter=wanted.voice_filter,
        word_timestamps=final and wanted.word_times,
        max_new_tokens=most,
    )
    return _hypothesis([segment for segment in segments if is_believable(segment)])


def _shortened(model: Any, text: str, kept: slice) -> str | None:
    """The tokens of `text` that are kept, as text; None where there is nothing to say."""
    tokens = model.hf_tokenizer.encode(text, add_special_tokens=False).ids
    shortened: str = text if tokens[kept] == tokens else model.hf_tokenizer.decode(tokens[kept])
    return shortened.strip() or None


def is_believable(segment: Any) -> bool:
    """Is the segment no invention on silence or noise, and no loop?"""
    doubted = segment.avg_logprob < UNSURE
    if doubted and segment.no_speech_prob > NO_SPEECH:
        return False
    return segment.compression_ratio <= REPEATING and not repeats(segment.text)


def repeats(text: str) -> bool:
    """Does a word follow itself more often than anybody says it?"""
    words = text.casefold().split()
    return any(
        len(set(words[at : at + MOST_REPEATED + 1])) == 1
        for at in range(len(words) - MOST_REPEATED)
    )


def _hypothesis(segments: list[Any]) -> Hypothesis:
    text = "".join(segment.text for segment in segments).strip()
    tokens = sum(len(segment.tokens) for segment in segments)
    if not text or not tokens:
        return Hypothesis()
    mean = sum(segment.avg_logprob * len(segment.tokens) for segment in segments) / tokens
    words = tuple(
        Word(word.word.strip(), float(word.start), float(word.end))
        for segment in segments
        for word in segment.words or ()
    )
    return Hypothesis(text, math.exp(min(mean, 0.0)), words)
