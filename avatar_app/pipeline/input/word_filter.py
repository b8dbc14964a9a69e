"""Which transcripts take the floor: noise, fillers and backchannels do not."""

from __future__ import annotations

from collections.abc import Iterable

from avatar_app.core.unfinished_words import UNFINISHED
from avatar_app.core.values import Transcript
from avatar_app.pipeline.utterance import AudioSegment, Utterance

FILLERS = frozenset(
    {"uh", "um", "er", "erm", "hm", "hmm", "mm", "mhm", "huh", "ah", "oh", "ha", "haha", "hahaha"}
)
"""Sounds that are not words."""
BACKCHANNELS = ("mm-hm", "uh-huh", "yes", "yeah", "okay", "right", "sure")
"""What a listener says without taking the floor."""
LEAST_CONFIDENCE = 0.2
"""Below it a transcript counts as noise, where the recognizer reports confidence."""
NO_NOISE = 250
"""Blocks (2.5 s) from which a sound with words is speech, however unsure the words are: the user
can correct a wrong answer, but not silence."""


class WordFilter:
    """Decides which words take the floor from the avatar."""

    def __init__(self, backchannels: Iterable[str]) -> None:
        self._no_claims = FILLERS | UNFINISHED.union(*(_words(phrase) for phrase in backchannels))

    def has_words(self, utterance: Utterance, *, claimed: bool) -> bool:
        """Whether it has words; over the avatar, backchannels do not count before `claimed`."""
        over = utterance.over_avatar and not claimed
        ignored = self._no_claims if over else FILLERS  # a lone "the" is residual echo
        return any(word not in ignored for word in _words(utterance.text))


def note_transcript(
    segment: AudioSegment, transcript: Transcript, *, keep_sound: bool = False
) -> None:
    """Set the segment's text to what was said; empty if it is rather noise. `keep_sound`: also
    after the final transcript."""
    confidence = 1.0 if transcript.confidence is None else transcript.confidence
    believed = confidence >= LEAST_CONFIDENCE or len(segment.sound) >= NO_NOISE
    segment.text = transcript.text.strip() if believed else ""
    segment.replaces = transcript.replaces if segment.text else 0
    segment.language = transcript.language
    segment.final = transcript.final
    if segment.final and not keep_sound:
        segment.sound.clear()


def _words(text: str) -> list[str]:
    return [word.strip(".,!?") for word in text.lower().replace("-", " ").split()]
