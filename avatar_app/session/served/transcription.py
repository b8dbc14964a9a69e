"""Transcribes recordings of any length, in pieces that are cut where the speaker pauses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from avatar_app.core.engines import SpeechRecognizer
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    AudioChunk,
    Samples,
    Transcript,
    Word,
)

LONGEST_PIECE = 25.0
"""Seconds that are recognized together."""
CUT_WITHIN = 8.0
"""Seconds before that limit in which the quietest moment is looked for."""
_MOMENT = MICROPHONE_RATE // 5
"""Samples of a moment, whose loudness is compared."""


@dataclass(frozen=True, slots=True)
class TranscribedPiece:
    """What was said in a part of a recording."""

    start: float
    """Seconds from the recording's beginning."""
    end: float
    """Seconds from the recording's beginning."""
    text: str
    words: tuple[Word, ...] = ()
    """Times from the recording's beginning; empty where the engine reports none."""
    confidence: float | None = None
    language: str = ""
    """ISO 639-1; empty where the engine does not report it."""


def transcribe_recording(
    recognizer: SpeechRecognizer, samples: Samples, turn: Turn
) -> Iterator[TranscribedPiece]:
    """Yield what was said, piece by piece; pieces without words are left out. `samples`: 16 kHz."""
    for number, (begin, end) in enumerate(pieces_of(samples)):
        part = Turn(turn.id + number + 1)
        turn.when_cancelled(part.cancel)
        transcript = _last(recognizer.transcribe(_blocks(samples[begin:end]), part))
        turn.check()
        if transcript is not None and transcript.text:
            yield _placed(transcript, begin / MICROPHONE_RATE, end / MICROPHONE_RATE)


def pieces_of(samples: Samples) -> Iterator[tuple[int, int]]:
    """Yield begin and end, in samples, of pieces that are not longer than LONGEST_PIECE."""
    longest, within = (round(each * MICROPHONE_RATE) for each in (LONGEST_PIECE, CUT_WITHIN))
    begin = 0
    while len(samples) - begin > longest:
        end = begin + longest - within + _quietest(samples[begin + longest - within :][:within])
        yield begin, end
        begin = end
    yield begin, len(samples)


def _quietest(samples: Samples) -> int:
    """Return the middle of the quietest moment."""
    count = len(samples) // _MOMENT
    power = np.square(samples[: count * _MOMENT]).reshape(count, _MOMENT).mean(axis=1)
    return int(power.argmin()) * _MOMENT + _MOMENT // 2


def _blocks(samples: Samples) -> Iterator[AudioChunk]:
    for at in range(0, len(samples), MICROPHONE_BLOCK):
        block = samples[at : at + MICROPHONE_BLOCK]
        padded = np.pad(block, (0, MICROPHONE_BLOCK - len(block)))
        yield AudioChunk(padded, MICROPHONE_RATE, at)


def _last(transcripts: Iterator[Transcript]) -> Transcript | None:
    last = None
    for transcript in transcripts:
        last = transcript
    return last


def _placed(transcript: Transcript, start: float, end: float) -> TranscribedPiece:
    words = tuple(
        replace(word, start=word.start + start, end=word.end + start) for word in transcript.words
    )
    return TranscribedPiece(
        words[0].start if words else start,
        words[-1].end if words else end,
        transcript.text.strip(),
        words,
        transcript.confidence,
        transcript.language,
    )
