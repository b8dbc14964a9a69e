"""All voices that are installed, of all engines, as a page lists, mixes, hears and removes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from avatar_app.core.jobs import Job
from avatar_app.core.values import SpeechChunk
from avatar_app.voices.likeness import Likeness

ENGINE, OPTIONS = "tts.engine", "tts.options"


@dataclass(frozen=True, slots=True)
class InstalledVoice:
    """One voice that can speak now."""

    engine: str
    engine_title: str
    name: str
    """For people: the voice, or the model where that has only one."""
    options: Mapping[str, str] = field(hash=False)
    """What chooses it: model and voice."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags; several where the voice speaks any of them."""
    cloned: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """What to change so that it speaks."""
        chosen = {f"{OPTIONS}.{name}": value for name, value in self.options.items()}
        return {ENGINE: self.engine} | chosen


@dataclass(frozen=True, slots=True)
class VoiceBlend:
    """Two voices of an engine, mixed."""

    one: InstalledVoice
    other: InstalledVoice
    share: float
    """Of the other, between 0 and 1."""


@dataclass(frozen=True, slots=True)
class MissingVoices:
    """An engine whose voices cannot speak now."""

    engine_title: str
    reason: str
    """One sentence, and a hint."""


@dataclass(frozen=True, slots=True)
class VoiceList:
    """What can speak, and what cannot."""

    voices: tuple[InstalledVoice, ...] = ()
    missing: tuple[MissingVoices, ...] = ()
    cloned: tuple[str, ...] = ()
    """Names of all cloned voices, also where no engine that speaks with them is here."""
    speaks_clones: bool = False
    """Whether an engine that speaks with cloned voices is here."""
    blending: frozenset[str] = frozenset()
    """Names of the engines whose voices can be mixed."""


class VoiceGallery(Protocol):
    """The voices, for a page. All may take a moment."""

    def voices(self) -> VoiceList:
        """What is installed."""

    def current(self) -> InstalledVoice | None:
        """The voice that speaks in the conversation; None where the list does not have it."""

    def blended(self, blend: VoiceBlend) -> InstalledVoice:
        """The voice that mixes two."""

    def current_blend(self) -> VoiceBlend | None:
        """The blend that speaks in the conversation, if one does."""

    def hear(self, job: Job[Any], voice: InstalledVoice | None, text: str) -> None:
        """Say `text` in a voice (None: as the conversation speaks now), until it is over; the
        conversation waits meanwhile. Its own engine keeps its options."""

    def speech(
        self, job: Job[Any], voice: InstalledVoice | None, text: str
    ) -> tuple[SpeechChunk, ...]:
        """Return what `hear` would play, with its words and visemes."""

    def hear_reference(self, job: Job[Any], name: str) -> None:
        """Play the recording that a cloned voice was made of."""

    def likeness(self, job: Job[Any], voice: InstalledVoice) -> Likeness:
        """Compare how a cloned voice speaks with the recording it was made of."""

    def revoke(self, name: str) -> None:
        """The speaker of a cloned voice takes the consent back: it is gone for good."""

    def remove(self, name: str) -> None:
        """Delete a cloned voice; the consent to copies of it stays."""

    def rest(self) -> None:
        """Give back what `hear` keeps loaded."""
