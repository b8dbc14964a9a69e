"""Who looks at the avatar right now: the pages that are open, for what others let it say and
show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Onlooker:
    """One open page."""

    say: Callable[[str], None]
    """Lets the avatar say a text there, once nobody speaks."""
    show: Callable[[str], None]
    """Writes a text into the conversation there."""


@dataclass(eq=False, slots=True)
class Audience:
    """All open pages. For the server's thread alone."""

    onlookers: list[Onlooker] = field(default_factory=list)

    @contextmanager
    def joined_by(self, onlooker: Onlooker) -> Iterator[None]:
        """Count a page until it is closed."""
        self.onlookers.append(onlooker)
        try:
            yield
        finally:
            self.onlookers.remove(onlooker)

    def say(self, text: str) -> int:
        """Let the avatar say a text on all pages; returns how many there are."""
        for onlooker in self.onlookers:
            onlooker.say(text)
        return len(self.onlookers)

    def show(self, text: str) -> int:
        """Write a text on all pages; returns how many there are."""
        for onlooker in self.onlookers:
            onlooker.show(text)
        return len(self.onlookers)
