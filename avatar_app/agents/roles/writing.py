"""Agents that write files: the page, what lies behind it, and its tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from avatar_app.agents.base import BaseAgent, LanguageModel, Values
from avatar_app.agents.files import HOW, files_in
from avatar_app.core.jobs import Job

PAGE = "index.html"
LONGEST_FILE = 6_000
"""Characters of each file that a model is shown."""


class WritingAgent(BaseAgent):
    """Asks a model for files; `framework` is part of its instructions."""

    actions: ClassVar[tuple[str, ...]] = ("write", "repair")
    makes = "files"
    """The key of its files among its results."""
    task = ""
    """What it writes."""
    owns: tuple[str, ...] = ()
    """Endings of the files that it may write; others are dropped."""

    def __init__(self, model: LanguageModel, framework: str = "") -> None:
        self._model, self._framework = model, framework

    def write(self, inputs: Values, job: Job[Any]) -> Values:
        """`request`, `plan` → texts by name."""
        asked = [f"The request: {inputs['request']}", "The plan:", *map(str, inputs["plan"])]
        return {self.makes: self._asked("\n".join(asked), job)}

    def repair(self, inputs: Values, job: Job[Any]) -> Values:
        """`request`, `files`, `problems` → changed texts by name."""
        asked = (
            f"The request: {inputs['request']}",
            f"Correct the files. What is wrong:\n{inputs['problems']}",
            shown(inputs["files"]),
        )
        return {self.makes: self._asked("\n".join(asked), job)}

    def _asked(self, asked: str, job: Job[Any]) -> dict[str, str]:
        means = f" Use {self._framework}." if self._framework else ""
        answer = self._model.complete(f"{self.task}{means}\n{HOW}", asked, job)
        files = files_in(answer)
        return {name: text for name, text in files.items() if name.endswith(self.owns)}


class FrontendAgent(WritingAgent):
    """Writes the page."""

    makes = "frontend_files"
    task = (
        "You write the page of a small web site: index.html with its style and script inside. It"
        " works without a network and without a server."
    )
    owns = (".html", ".css", ".js", ".svg")


class BackendAgent(WritingAgent):
    """Writes what lies behind the page: data and programs that make it."""

    makes = "backend_files"
    task = (
        "You write what lies behind the page of a small web site: data as JSON files, or a Python"
        " program build.py that writes them. Where the page needs neither, write notes.md."
    )
    owns = (".json", ".py", ".md", ".csv", ".txt")


def shown(files: Mapping[str, str]) -> str:
    """Return files as a model writes them."""
    texts = (f"FILE: {name}\n```\n{text[:LONGEST_FILE]}\n```" for name, text in files.items())
    return "\n".join(texts)
