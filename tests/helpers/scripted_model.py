"""A language model for agents that answers by what it is asked to be: a plan, files, tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from avatar_app.core.jobs import Job

PLAN = "1. Write index.html with a heading.\n2. Store the words in words.json.\n3. Test both."
GOOD_PAGE = "<!doctype html><html><body><h1>Words of the day</h1></body></html>"
BAD_PAGE = "<html><body><h1>Lorem</h1></body></html>"


def file(name: str, text: str) -> str:
    return f"Here it is.\nFILE: {name}\n```\n{text}\n```\n"


BACKEND = file("words.json", '["one", "two"]')
TESTS = file(
    "test_page.py",
    "import json\nfrom pathlib import Path\n\n\ndef test_heading():\n"
    '    assert "Words of the day" in Path("index.html").read_text()\n\n\ndef test_words():\n'
    '    assert len(json.loads(Path("words.json").read_text())) == 2\n',
)


class ScriptedModel:
    """A `LanguageModel`; `pages` are its page and the repairs, the last one over and over."""

    def __init__(self, *pages: str, answers: Mapping[str, str] | None = None) -> None:
        self.pages = list(pages or (file("index.html", GOOD_PAGE),))
        self.answers = {"plan": PLAN, "behind": BACKEND, "tests": TESTS} | dict(answers or {})
        self.asked: list[tuple[str, str]] = []
        self.when_asked: Callable[[str], None] = lambda _kind: None

    def complete(self, instructions: str, request: str, _job: Job[Any]) -> str:
        kind = self._kind(instructions)
        self.asked.append((kind, request))
        self.when_asked(kind)
        if kind == "page":
            return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        return self.answers[kind]

    def _kind(self, instructions: str) -> str:
        marks = {"You plan": "plan", "write tests": "tests", "behind the page": "behind"}
        return next((kind for mark, kind in marks.items() if mark in instructions), "page")
