"""Segments between timestamps in Whisper's text, and word alignment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from avatar_app.core.values import Word
from avatar_app.engines.asr.whisper.encoding import LEAD, EncodedSound

STEP = 0.02
"""Seconds between two of Whisper's timestamp tokens."""
AFTER = 0.1
"""Seconds before the sound's end from which a new sentence is hallucinated: after the end of the
sound the decoder repeats its text, with later and later timestamps."""
QUOTES = "\"'“¿([{-"
"""Characters that belong to the following word."""
SIGNS = "\"'.。,，!！?？:：”)]}、"
"""Characters that belong to the preceding word."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The text between two timestamps."""

    start: float
    """Seconds of the encoded sound, its lead included."""
    end: float
    tokens: tuple[int, ...]
    text: str
    """Begins with a blank in languages that use them."""


def tokenizer_for(model: Any, language: str) -> Any:
    """Return the `faster_whisper.tokenizer.Tokenizer` of a language."""
    from faster_whisper.tokenizer import Tokenizer

    return Tokenizer(
        model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language
    )


def split(tokens: list[int], tokenizer: Any) -> tuple[Segment, ...]:
    """Return the segments of a text with timestamps. One without an end ends where it begins."""
    return tuple(_segments(tokens, tokenizer))


def _segments(tokens: list[int], tokenizer: Any) -> Iterator[Segment]:
    start, spoken = 0.0, list[int]()
    for token in [*tokens, None]:
        if token is not None and token < tokenizer.timestamp_begin:
            spoken.append(token)
            continue
        at = start if token is None else (token - tokenizer.timestamp_begin) * STEP
        if spoken:
            yield Segment(start, at, tuple(spoken), tokenizer.decode(spoken))
        start, spoken = at, []


def within(segments: tuple[Segment, ...], seconds: float) -> tuple[Segment, ...]:
    """Drop segments that begin after the end of the sound of `seconds`."""
    return segments[:1] + tuple(each for each in segments[1:] if each.start < seconds - AFTER)


def align(
    model: Any, tokenizer: Any, encoded: EncodedSound, segments: tuple[Segment, ...]
) -> list[Word]:
    """Return the words, in seconds of the sound, by the decoder's attention."""
    parts: list[dict[str, Any]] = [
        {"tokens": list(each.tokens), "seek": 0, "start": each.start, "end": each.end}
        for each in segments
    ]
    model.add_word_timestamps(
        [parts], tokenizer, encoded.output, encoded.frames, QUOTES, SIGNS, 0.0
    )
    return _joined([word for part in parts for word in part["words"]], encoded.seconds)


def _joined(pieces: list[dict[str, Any]], seconds: float) -> list[Word]:
    """Join parts without a blank between them into one word, as in "cold-hearted", in languages
    that use blanks."""
    words: list[Word] = []
    blanks = any(piece["word"].startswith(" ") for piece in pieces)
    for piece in pieces:
        text = piece["word"].strip()
        start, end = (max(0.0, min(piece[edge], seconds) - LEAD) for edge in ("start", "end"))
        if words and blanks and not piece["word"].startswith(" "):
            words[-1] = Word(words[-1].text + text, words[-1].start, end)
        else:
            words.append(Word(text, start, end))
    return words
