"""Transcribes sound longer than one Whisper window, with faster-whisper."""

from __future__ import annotations

import math
from typing import Any

from avatar_app.core.values import Word
from avatar_app.engines.asr.whisper.belief import NO_SPEECH, REPEATING, UNSURE, repeats
from avatar_app.engines.asr.whisper.hypothesis import DecodingOptions, Hypothesis
from avatar_app.engines.asr.whisper.prompting import tokens_before
from avatar_app.engines.asr.whisper.voice import VoicedSound

FALLBACK = (0.0, 0.4)
"""Temperatures tried for the final text."""


def decode_long(
    model: Any, voiced: VoicedSound, options: DecodingOptions, *, final: bool
) -> Hypothesis:
    """Return what is said, with a `faster_whisper.WhisperModel`."""
    segments, _ = model.transcribe(
        voiced.samples,
        language=options.language,
        beam_size=options.beam if final else 1,
        temperature=FALLBACK if final else 0.0,
        condition_on_previous_text=False,
        no_speech_threshold=NO_SPEECH,
        log_prob_threshold=UNSURE,
        compression_ratio_threshold=REPEATING,
        initial_prompt=tokens_before(model, options) or None,
        word_timestamps=final and options.word_times,
    )
    said = [segment for segment in segments if _is_believable(segment)]
    text = "".join(segment.text for segment in said).strip()
    if not text:
        return Hypothesis()
    tokens = sum(len(segment.tokens) for segment in said)
    mean = sum(segment.avg_logprob * len(segment.tokens) for segment in said) / tokens
    words = [word for segment in said for word in segment.words or ()]
    timed = [Word(word.word.strip(), float(word.start), float(word.end)) for word in words]
    placed = tuple(voiced.placed(word) for word in timed)
    return Hypothesis(text, math.exp(min(mean, 0.0)), placed)


def _is_believable(segment: Any) -> bool:
    if segment.avg_logprob < UNSURE and segment.no_speech_prob > NO_SPEECH:
        return False
    return segment.compression_ratio <= REPEATING and not repeats(segment.text)
