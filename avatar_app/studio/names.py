"""Names that users give: of formats, codecs and qualities."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from avatar_app.core.errors import ConfigInvalid, choose_one_of
from avatar_app.media.clip_formats import ClipFormat

E = TypeVar("E", bound=StrEnum)


def one_of(names: type[E], given: str) -> E:
    """Return the value of that name; raises ConfigInvalid with all names."""
    try:
        return names(given.lower())
    except ValueError:
        raise ConfigInvalid(f"{given!r} does not exist.", choose_one_of(names)) from None


def format_of_clip(path: Path) -> ClipFormat:
    """Return the format that a file's extension names; raises ConfigInvalid for another one."""
    try:
        return ClipFormat(path.suffix.lower().removeprefix("."))
    except ValueError:
        raise ConfigInvalid(
            f"{path.name} does not name a kind of clip.",
            f"End it with .{', .'.join(ClipFormat)}.",
        ) from None
