"""Removes long silences from sound, and maps times back to the original."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from avatar_app.core.values import MICROPHONE_RATE, Samples, Word


@dataclass(frozen=True, slots=True, eq=False)
class VoicedSound:
    """The parts of a sound that may contain words, concatenated."""

    samples: Samples
    """16 kHz."""
    parts: Any = None
    """Their original places (a `faster_whisper.vad.SpeechTimestampsMap`); None: the whole sound."""

    def placed(self, word: Word) -> Word:
        """Return the word with its times in the original sound."""
        if self.parts is None:
            return word
        part = self.parts.get_chunk_index((word.start + word.end) / 2)
        start, end = (self.parts.get_original_time(at, part) for at in (word.start, word.end))
        return Word(word.text, float(start), float(end))


def find_voice(samples: Samples) -> VoicedSound:
    """Remove parts without voice (Silero VAD, as in faster-whisper); takes 2 ms for a second."""
    from faster_whisper.vad import SpeechTimestampsMap, collect_chunks, get_speech_timestamps

    found = get_speech_timestamps(samples)
    if not found:
        return VoicedSound(np.zeros(0, np.float32))
    chunks, _ = collect_chunks(samples, found)
    return VoicedSound(np.concatenate(chunks), SpeechTimestampsMap(found, MICROPHONE_RATE))
