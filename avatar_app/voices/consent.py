"""Speaker consent: a fresh sentence, read in the voice of the reference, and its signed record."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Samples
from avatar_app.voices import speaker_embedding
from avatar_app.voices.consent_phrase import Sentence, compare
from avatar_app.voices.consent_reading import Transcriber
from avatar_app.voices.duplicate_audio import share_sound
from avatar_app.voices.reference import Reference, decibels, rms

VALID_SECONDS = 600.0
"""Seconds for which a sentence may be read after it was drawn."""
FARTHEST = 0.22
"""Distance from which two recordings count as different people. Of 7 people's studio recordings,
six of them women, 2 in 100 pairs of different people are closer and 0.4 in 100 of the same person
are farther apart (docs/benchmarks.md). Most people are distinguished, not all: relatives, imitators
and clones from other programs may pass."""
_QUIETEST = -50.0
"""dB of full scale."""


class Refusal(StrEnum):
    """What is missing for a consent."""

    EXPIRED = "expired"
    SILENT = "silent"
    SAME_RECORDING = "same recording"
    NOBODY = "nobody"
    MISREAD = "misread"
    ANOTHER_VOICE = "another voice"


class ConsentRefused(InputInvalid):
    """A sentence was read in a way that is no consent; it may be read again."""

    def __init__(self, reason: Refusal, message: str, hint: str, heard: str = "") -> None:
        super().__init__(message, hint)
        self.args = (reason, message, hint, heard)  # it pickles with its reason
        self.reason, self.heard = reason, heard


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """A sentence that a speaker was asked to read."""

    name: str
    """Name of the voice to be created."""
    sentence: Sentence
    at: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """The findings when the sentence was read; all of it is signed."""

    id: str
    name: str
    sentence: str
    heard: str
    asked_at: str
    """ISO 8601, UTC."""
    read_at: str
    reference_sha256: str
    """Of the stored reference.wav."""
    recording_sha256: str
    """Of the sound of the reading, which itself is not stored."""
    distance: float
    """Between the voices of the two recordings."""


def give(
    asked: ConsentRequest,
    reference: Reference,
    recording: Samples,
    read: Transcriber,
    at: datetime,
    reference_sha256: str,
) -> Consent:
    """Return the speaker's consent to a voice cloned from `reference`; raises InputInvalid with
    what is missing.

    `recording`: the sentence as it was read, at 16 kHz.
    """
    check_time(asked, at)
    _check_recording(reference, recording)
    embeddings = speaker_embedding.embed(recording)
    if not len(embeddings):
        sentence = "Nobody speaks in the recording of the sentence."
        raise ConsentRefused(Refusal.NOBODY, sentence, _AGAIN)
    heard = read(recording)
    match = compare(asked.sentence, heard)
    if not match.is_the_sentence:
        raise ConsentRefused(
            Refusal.MISREAD,
            f"The sentence read differs from the one drawn: {heard or 'nothing'!r} was understood.",
            f"Read, clearly and to its end: {asked.sentence.text}",
            heard,
        )
    apart = speaker_embedding.distance(reference.embeddings, embeddings)
    if apart > FARTHEST:
        raise ConsentRefused(
            Refusal.ANOTHER_VOICE,
            f"The sentence was read by another voice (distance {apart:.2f}, at most {FARTHEST}).",
            "Only the person in the reference can consent, best with the same microphone.",
            heard,
        )
    return Consent(
        id=secrets.token_hex(16),
        name=asked.name,
        sentence=asked.sentence.text,
        heard=heard,
        asked_at=asked.at.isoformat(),
        read_at=at.isoformat(),
        reference_sha256=reference_sha256,
        recording_sha256=hashlib.sha256(recording.tobytes()).hexdigest(),
        distance=round(apart, 4),
    )


_AGAIN = "Record it again: avatar-app voices consent-phrase NAME  shows a new one."


def check_time(asked: ConsentRequest, at: datetime) -> None:
    """Raise InputInvalid where the sentence has expired, or is from the future."""
    age = (at - asked.at).total_seconds()
    if not 0 <= age <= VALID_SECONDS:
        raise ConsentRefused(
            Refusal.EXPIRED,
            f"The sentence for {asked.name} has expired: it is valid for ten minutes.",
            f"Type: avatar-app voices consent-phrase {asked.name}",
        )


def _check_recording(reference: Reference, recording: Samples) -> None:
    if decibels(rms(recording)) < _QUIETEST:
        sentence = "The recording of the sentence is silent."
        raise ConsentRefused(Refusal.SILENT, sentence, "Check the microphone.")
    if share_sound(recording, reference.heard):
        raise ConsentRefused(
            Refusal.SAME_RECORDING,
            "Reference and consent are the same recording.",
            "Read the sentence again, apart from the reference.",
        )


def asked_as_record(asked: ConsentRequest) -> dict[str, Any]:
    return {"name": asked.name, "drawn": list(asked.sentence.drawn), "at": asked.at.isoformat()}


def request_from(record: dict[str, Any]) -> ConsentRequest:
    """Return the request from a verified record."""
    return ConsentRequest(
        record["name"], Sentence(tuple(record["drawn"])), datetime.fromisoformat(record["at"])
    )


def now() -> datetime:
    return datetime.now(UTC)
