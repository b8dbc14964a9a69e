"""The testing agent: has tests written, and really runs them, in the sandbox."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from avatar_app.agents.base import LanguageModel, Values
from avatar_app.agents.roles.writing import WritingAgent
from avatar_app.agents.sandbox import SandboxLimits, SandboxResult, run_confined
from avatar_app.core.jobs import Job

Run = Callable[[list[str], Path, Job[Any], SandboxLimits | None], SandboxResult]
TESTS = "test_page.py"
_PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
_UNITTEST = ["-m", "unittest", "-q"]


class TestingAgent(WritingAgent):
    """Its tests are Python functions that read the project's files."""

    __test__ = False  # it is no test of pytest's
    actions = ("write", "run_tests")
    makes = "test_files"
    task = (
        "You write tests in Python for the files of a small web site, as functions test_… in the"
        f" file {TESTS}. They read files such as index.html from the current folder with pathlib,"
        " and check their text. They import nothing that is not in Python."
    )
    owns = (".py",)

    def __init__(self, model: LanguageModel, folder: Path, run: Run = run_confined) -> None:
        super().__init__(model)
        self._folder, self._run = folder, run

    def run_tests(self, _inputs: Values, job: Job[Any]) -> Values:
        """→ `tests_passed`, `test_output`."""
        runner = _PYTEST if find_spec("pytest") else _UNITTEST
        result = self._run([sys.executable, *runner], self._folder, job, None)
        return {
            "tests_passed": result.succeeded,
            "test_output": "\n".join(filter(None, (result.output, result.stopped))),
        }

    def _asked(self, asked: str, job: Job[Any]) -> dict[str, str]:
        files = super()._asked(asked, job)
        return {TESTS: next(iter(files.values()))} if files else {}
