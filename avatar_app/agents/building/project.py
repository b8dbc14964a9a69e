"""The agent of the project's folder: saves files, keeps steps, gathers what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from avatar_app.agents.base import BaseAgent, Values
from avatar_app.agents.building.history import ProjectHistory
from avatar_app.agents.files import read_files, write_files
from avatar_app.agents.roles.testing import TESTS
from avatar_app.core.jobs import Job

LONGEST_PROBLEMS = 4_000
"""Characters of what a model is to correct."""


class ProjectAgent(BaseAgent):
    """Writes to one folder only."""

    actions = ("begin", "save", "save_tests", "gather")

    def __init__(self, folder: Path, history: ProjectHistory) -> None:
        self._folder, self._history = folder, history

    def begin(self, _inputs: Values, _job: Job[Any]) -> Values:
        """→ `begun`, after the user agreed to the plan."""
        return {"begun": True}

    def save(self, inputs: Values, _job: Job[Any]) -> Values:
        """`frontend_files`, `backend_files` → `files`, all of the folder but the tests."""
        write_files(self._folder, {**inputs.get("backend_files", {}), **inputs["frontend_files"]})
        self._history.commit("write the page" if "backend_files" in inputs else "repair the page")
        return {"files": self._files()}

    def save_tests(self, inputs: Values, _job: Job[Any]) -> Values:
        """`test_files` → `tests`, their names."""
        write_files(self._folder, inputs["test_files"])
        self._history.commit("write tests")
        return {"tests": sorted(inputs["test_files"])}

    def gather(self, inputs: Values, _job: Job[Any]) -> Values:
        """`tests_passed`, `test_output`, `findings` → `problems`, a text."""
        failed = [] if inputs["tests_passed"] else [str(inputs["test_output"])]
        return {"problems": "\n".join([*inputs["findings"], *failed])[-LONGEST_PROBLEMS:]}

    def _files(self) -> dict[str, str]:
        files = read_files(self._folder)
        return {name: text for name, text in files.items() if name != TESTS}
