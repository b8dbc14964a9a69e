"""Display names of characters and avatars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class AvatarTitles(Protocol):
    """Knows what the user calls avatars."""

    def title(self, name: str) -> str:
        """Return it; empty where that is only the name."""


def title_of(name: str, avatars: AvatarTitles) -> str:
    """Return what a character is called: as the user wrote it, or made from its name."""
    return avatars.title(name) or shown_name(name)


def titles_of(names: Iterable[str], avatars: AvatarTitles) -> dict[str, str]:
    """Return what characters are called, by name."""
    return {name: title_of(name, avatars) for name in names}


def shown_name(name: str) -> str:
    """Return `Ada Lovelace` for `ada-lovelace`."""
    return name.replace("-", " ").replace("_", " ").title()
