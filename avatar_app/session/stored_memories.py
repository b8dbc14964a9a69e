"""What the avatar remembers of its user, for the window: seen, corrected, exported, deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from avatar_app.core.errors import InputInvalid
from avatar_app.storage.episodes import Episode
from avatar_app.storage.memory import Memory
from avatar_app.system.files import replace_file
from avatar_app.system.paths import AppPaths
from avatar_app.tools.services import BY_HAND, Fact, RememberedFact


@dataclass(frozen=True, slots=True)
class Remembered:
    """Everything that is remembered."""

    facts: tuple[RememberedFact, ...] = ()
    """The oldest first."""
    episodes: tuple[Episode, ...] = ()
    """The latest first."""


class StoredMemories:
    """In the user's file, which the conversation may be using. All may take a moment, and raise
    InputInvalid."""

    def __init__(self, paths: AppPaths) -> None:
        self._path = paths.memory_file

    def all(self) -> Remembered:
        """Return what is remembered; nothing where there is no file yet."""
        if not self._path.exists():
            return Remembered()
        with self._memory() as memory:
            return Remembered(tuple(memory.stated.all()), tuple(memory.episodes.all()))

    def correct(self, known: RememberedFact, value: str) -> None:
        """Replace a fact by what is right."""
        value = " ".join(value.split())
        if not value:
            raise InputInvalid("A fact can't be empty.", "Delete it instead.")
        fact = Fact(known.fact.subject, known.fact.attribute, value)
        with self._memory() as memory:
            memory.learn(fact, BY_HAND + value, datetime.now(UTC).astimezone())

    def restore(self, known: RememberedFact) -> None:
        """Bring a deleted fact back."""
        with self._memory() as memory:
            memory.learn(known.fact, known.said, known.learned)

    def forget(self, known: RememberedFact) -> None:
        """Delete a fact, and what it replaced."""
        with self._memory() as memory:
            memory.forget(known.fact.subject, known.fact.attribute)

    def forget_episode(self, episode: Episode) -> None:
        """Delete an episode."""
        with self._memory() as memory:
            memory.episodes.forget(episode.id)

    def restore_episode(self, episode: Episode) -> None:
        """Bring a deleted episode back."""
        with self._memory() as memory:
            memory.episodes.restore(episode)

    def export(self, path: Path) -> None:
        """Write everything into a JSON file. Raises ConfigInvalid."""
        found = self.all()
        facts = [
            {
                "subject": each.fact.subject,
                "attribute": each.fact.attribute,
                "value": each.fact.value,
                "said": each.said,
                "learned": each.learned.isoformat() if each.learned else "",
            }
            for each in found.facts
        ]
        episodes = [{"at": each.at.isoformat(), "summary": each.summary} for each in found.episodes]
        document = {"facts": facts, "episodes": episodes}
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        replace_file(path, text.encode("utf-8"))

    def forget_episodes(self) -> None:
        """Delete what is remembered of conversations."""
        if self._path.exists():
            with self._memory() as memory:
                memory.episodes.clear()

    @contextmanager
    def _memory(self) -> Iterator[Memory]:
        with closing(Memory(self._path)) as memory:
            yield memory
