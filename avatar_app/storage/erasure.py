"""Erases conversations for good, with what is remembered of them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from avatar_app.core.errors import InputInvalid
from avatar_app.storage.conversations import ConversationStore
from avatar_app.storage.memory import Memory


def erase_conversations(
    store: ConversationStore, memory_file: Path, ids: Iterable[int] | None = None
) -> int:
    """Erase what was deleted (of `ids`; None: all), and its episodes; returns how many turns."""
    deleted = store.deleted()
    doomed = deleted if ids is None else deleted & set(ids)
    if doomed and memory_file.exists():
        with suppress(InputInvalid):  # a memory that cannot be read says so where it is used
            _forget_episodes(store, memory_file, doomed)
    return store.erase_deleted(doomed)


def _forget_episodes(store: ConversationStore, memory_file: Path, conversations: set[int]) -> None:
    with closing(Memory(memory_file)) as memory:
        for episode in memory.episodes.all():
            if store.at(episode.at) in conversations:
                memory.episodes.forget(episode.id)
