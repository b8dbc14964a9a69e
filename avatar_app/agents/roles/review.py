"""The review agent: quality and security by real tools, ruff and bandit, and a look at the page."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from avatar_app.agents.base import BaseAgent, Values
from avatar_app.agents.files import read_files
from avatar_app.agents.roles.testing import Run
from avatar_app.agents.roles.writing import PAGE
from avatar_app.agents.sandbox import run_confined
from avatar_app.core.jobs import Job

MOST_FINDINGS = 20
_RULES = "E9,F,S,B"
_IGNORED = "S101"
"""Assertions, which tests are made of."""
_RUFF = ["-m", "ruff", "check", "--isolated", "--no-cache", "--output-format", "concise"]
_BANDIT = ["-m", "bandit", "-q", "-r", ".", "-s", "B101", "-f", "custom", "--msg-template"]
_COMMANDS = {
    "ruff": [*_RUFF, "--select", _RULES, "--ignore", _IGNORED, "."],
    "bandit": [*_BANDIT, "{relpath}:{line}: {msg}"],
}
_FINDING = re.compile(r"^[\w./-]+\.py:\d+.*$", re.MULTILINE)
_OUTSIDE = re.compile(
    r"""(?:src|href|url|fetch|import)\s*[=(]?\s*["'(]\s*(?:https?:)?//[^"')\s]+""", re.IGNORECASE
)


class ReviewAgent(BaseAgent):
    """Needs no model."""

    actions = ("review",)

    def __init__(self, folder: Path, run: Run = run_confined) -> None:
        self._folder, self._run = folder, run

    def review(self, _inputs: Values, job: Job[Any]) -> Values:
        """→ `findings`, sentences; `tools`, the names of those that looked."""
        findings, tools = list(_of_page(read_files(self._folder))), ["page"]
        for name, arguments in _COMMANDS.items():
            if find_spec(name):
                result = self._run([sys.executable, *arguments], self._folder, job, None)
                findings += _FINDING.findall(result.output)
                tools.append(name)
        return {"findings": findings[:MOST_FINDINGS], "tools": tools}


def _of_page(files: dict[str, str]) -> Iterator[str]:
    page = files.get(PAGE)
    if page is None:
        yield f"{PAGE} is missing."
        return
    if "<html" not in page.lower() or "</html>" not in page.lower():
        yield f"{PAGE} is not a whole page: <html> … </html> is missing."
    for name, text in files.items():
        if match := _OUTSIDE.search(text):
            yield f"{name} loads something from outside: {match[0][:80]}"
