"""Undo and redo of settings changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

from avatar_app.settings.state import Entries

MOST_STEPS = 200
"""Changes that can be undone; the oldest are dropped first."""


@dataclass(frozen=True, slots=True)
class WrittenEntries:
    """Entries of the user's file and the session layer for some settings."""

    file: Entries
    session: Entries


@dataclass(frozen=True, slots=True)
class UndoStep:
    """A change: the entries before it and after it, about the same settings."""

    before: WrittenEntries
    after: WrittenEntries
    group: Hashable = None

    def followed_by(self, later: UndoStep) -> UndoStep:
        """Combine both into one."""
        before, after = self.before, later.after
        return UndoStep(
            WrittenEntries(
                {**later.before.file, **before.file}, {**later.before.session, **before.session}
            ),
            WrittenEntries(
                {**self.after.file, **after.file}, {**self.after.session, **after.session}
            ),
            self.group,
        )


@dataclass(slots=True)
class UndoStack:
    """Undo steps; successive changes of one group, which is not None, are one step."""

    done: deque[UndoStep] = field(default_factory=lambda: deque(maxlen=MOST_STEPS))
    undone: list[UndoStep] = field(default_factory=list)

    def push(self, step: UndoStep) -> None:
        """Add a change; clears what could be redone."""
        self.undone.clear()
        if self.done and step.group is not None and self.done[-1].group == step.group:
            step = self.done.pop().followed_by(step)
        self.done.append(step)

    def undo(self) -> WrittenEntries | None:
        """Return the entries before the last change; None without one."""
        if not self.done:
            return None
        self.undone.append(self.done.pop())
        return self.undone[-1].before

    def redo(self) -> WrittenEntries | None:
        """Return the entries after the change undone last; None without one."""
        if not self.undone:
            return None
        self.done.append(self.undone.pop())
        return self.done[-1].after
