"""A page's project: its folder, what was asked for, and whether it is unfinished."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

from avatar_app.agents.building.history import ProjectHistory
from avatar_app.agents.building.page import HISTORY, SITE, folder_name
from avatar_app.agents.roles.writing import PAGE
from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.session.pages.contained import contained_copy
from avatar_app.tools.undo import Done

SHOWN = "shown"
"""Folder of the copy that the browser opens."""
UNFINISHED = "unfinished.txt"
"""Holds the request, from the user's yes until the build ends: a build that was cut off has it."""


class PageStage(Enum):
    """What the user wants of a project."""

    PLANNED = auto()
    """Nothing yet: only a plan was made."""
    BEGUN = auto()
    """The user said yes to its plan."""
    UNDONE = auto()
    """A step was taken back, and with it the rest of the work was given up."""


@dataclass(slots=True, eq=False)
class PageProject:
    """One page, and the work on it."""

    root: Path
    request: str
    stage: PageStage = PageStage.PLANNED
    fraction: float = 0.0
    job: Job[Any] = field(default_factory=lambda: Job("page", lambda _job: None))
    undoable: list[Done] = field(default_factory=list)
    """The steps of this run that can be undone, the latest last."""
    noted: int = 0
    """How many steps in git are known."""

    @property
    def page(self) -> Path:
        return self.root / SITE / PAGE

    def shown(self) -> Path:
        """Return the page as it is now, in a copy that reaches nothing outside. Raises
        InputInvalid."""
        if not self.page.is_file():
            raise InputInvalid("There is nothing to see yet.", "Ask again in a moment.")
        contained_copy(self.root / SITE, self.root / SHOWN)
        return self.root / SHOWN / PAGE

    @property
    def history(self) -> ProjectHistory:
        return ProjectHistory(self.root / SITE, self.root / HISTORY)

    def begin(self) -> None:
        """The work begins, or goes on. Raises InputInvalid, or what git says."""
        self.stage, self.job = PageStage.BEGUN, Job("page", lambda _job: None)
        self.noted = len(self.history.steps())
        try:
            (self.root / UNFINISHED).write_text(self.request, "utf-8")
        except OSError as error:
            raise InputInvalid(f"{self.root} can't be written: {error.strerror}.") from error

    def new_steps(self) -> list[str]:
        """Return the steps that were kept in git since the last call, the earliest first."""
        steps = self.history.steps()
        new = steps[: max(len(steps) - self.noted, 0)]
        self.noted = len(steps)
        return new[::-1]

    def finish(self) -> None:
        """The work ended, or the user stopped it."""
        (self.root / UNFINISHED).unlink(missing_ok=True)

    def discard(self) -> None:
        """Delete it: nothing was built."""
        shutil.rmtree(self.root, ignore_errors=True)


def new_project(folder: Path, request: str) -> PageProject:
    """Return a project in a folder of its own, below `folder`."""
    name, number = folder_name(request), 1
    while (root := folder / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return PageProject(root, request)


def cut_off(folder: Path) -> PageProject | None:
    """Return the project on which the program was working when it ended; None without one."""
    for mark in sorted(folder.glob(f"*/{UNFINISHED}"), key=lambda path: -path.stat().st_mtime):
        try:
            request = mark.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        return PageProject(mark.parent, request, PageStage.BEGUN)
    return None
