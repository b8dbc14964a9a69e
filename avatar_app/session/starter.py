"""The starter set as the window sees it: parts, progress and outcome."""

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
    """Whether the window should offer the set on its own."""

    NO = "no"
    FIRST = "first"
    LAST = "last"
    """It was postponed once and is not offered again."""


class PartState(StrEnum):
    """Progress of a part."""

    WAITING = "waiting"
    COMING = "coming"
    LOADING = "loading"
    """Downloaded; its engine is loading."""
    AT_WORK = "at work"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StarterProgress:
    """Progress of the set."""

    parts: Mapping[Kind, PartState] = field(default_factory=dict)
    download: DownloadProgress = field(default_factory=DownloadProgress)
    """Of all parts together."""


@dataclass(frozen=True, slots=True)
class StarterOutcome:
    """Outcome of getting the set."""

    at_work: tuple[StarterItem, ...]
    """Used by the conversation; by the next one, if this one could not be opened."""
    failures: tuple[tuple[StarterItem, AvatarError], ...] = ()


class Starter(Protocol):
    """The starter set: speech recognition, a voice and a language model."""

    def offer(self) -> Offer:
        """Return whether to offer it now. Does not check whether parts are missing."""

    def postpone(self) -> None:
        """Postpone the offer. May take a moment."""

    def items(self) -> tuple[StarterItem, ...]:
        """Return the parts that would replace a built-in engine. May take a moment."""

    def get(
        self,
        items: Iterable[StarterItem],
        job: Job[StarterOutcome],
        watch: Callable[[StarterProgress], None],
    ) -> StarterOutcome:
        """Download parts and use each as soon as it is installed, while the conversation goes on;
        the avatar announces it. Takes minutes. `watch` is called from several threads.

        Raises JobCancelled and DiskFailed; downloaded parts stay for the next time.
        """

    def undo(self) -> None:
        """Use again what the parts have replaced; they stay on the disk. May take a moment."""
