"""Pictures of other programs' windows: by X11's list of them, or the desktop's own dialog."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A window of another program."""

    id: int
    """The display's."""
    title: str
