"""Measures how alike the voices of two recordings are: of a person, and of the clone."""

from __future__ import annotations

from dataclasses import dataclass

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Samples
from avatar_app.voices import speaker_embedding
from avatar_app.voices.consent import FARTHEST

SAME_PERSON = 1 - FARTHEST
"""Likeness from which two recordings count as the same person's."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two voices are."""

    share: float
    """Cosine of their speaker embeddings: 1 for the same voice."""

    @property
    def is_same_person(self) -> bool:
        """Whether the two would pass for one person."""
        return self.share >= SAME_PERSON


def likeness_of(one: Samples, other: Samples) -> Likeness:
    """Compare two recordings at 16 kHz. Raises InputInvalid where nobody speaks in one of them."""
    embeddings = [speaker_embedding.embed(samples) for samples in (one, other)]
    if not all(len(each) for each in embeddings):
        raise InputInvalid("Nobody speaks in one of the recordings.", "Clone the voice again.")
    return Likeness(1 - speaker_embedding.distance(*embeddings))
