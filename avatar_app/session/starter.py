"""What a newcomer is offered, from the window's side: parts, how far they are, what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.models.progress import DownloadProgress
from avatar_app.performance.starter import StarterItem


class Offer(StrEnum):
    """Shall the window offer the set by itself?"""

    NO = "no"
    FIRST = "first"
    LAST = "last"
    """It was put off once: it is not offered again."""


class PartState(StrEnum):
    """How far a part is."""

    WAITING = "waiting"
    COMING = "coming"
    LOADING = "loading"
    """It is here, and its engine loads."""
    AT_WORK = "at work"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StarterProgress:
    """How far the set is."""

    parts: Mapping[Kind, PartState] = field(default_factory=dict)
    download: DownloadProgress = field(default_factory=DownloadProgress)
    """Of all parts together."""


@dataclass(frozen=True, slots=True)
class StarterOutcome:
    """What came of getting the set."""

    at_work: tuple[StarterItem, ...]
    """Used by the conversation; by the next one, if this one could not be opened."""
    failures: tuple[tuple[StarterItem, AvatarError], ...] = ()


class Starter(Protocol):
    """The starter set: real ears, a voice and a brain."""

    def offer(self) -> Offer:
        """Is it time to offer it? Not whether anything lacks."""

    def postpone(self) -> None:
        """The user does not want it now. May take a moment."""

    def items(self) -> tuple[StarterItem, ...]:
        """The parts that would take the place of a built-in engine. May take a moment."""

    def get(
        self,
        items: Iterable[StarterItem],
        job: Job[StarterOutcome],
        watch: Callable[[StarterProgress], None],
    ) -> StarterOutcome:
        """Fetch parts and put each to work as soon as it is here, while the conversation goes on;
        the avatar tells of it. Takes minutes. `watch` is called from several threads.

        Raises JobCancelled, and DiskFailed; what has come stays for the next time.
        """
