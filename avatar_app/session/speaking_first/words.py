"""The words of what is said first, and of days, by language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml

MOST_THINGS = 3
"""In one sentence: more is a list, and nobody wants one read out."""


@dataclass(frozen=True, slots=True)
class FirstWords:
    """Of one language; the fields are those of words.yaml."""

    relative: Mapping[str, int]
    """Days from the one on which it was said."""
    weekdays: Sequence[str]
    months: Sequence[str]
    yearly: Sequence[str]
    """Words of what comes again every year."""
    phrases: Mapping[str, str]

    def morning(self, name: str, things: Sequence[str]) -> str:
        """Return a good morning, with what is on today."""
        called = f", {name}" if name else ""
        key = "morning_with" if things else "morning"
        return self.phrases[key].format(name=called, things=self._listed(things))

    def noted(self, things: Sequence[str]) -> str:
        """Return what is on today, for a user who was greeted already."""
        return self.phrases["noted"].format(things=self._listed(things))

    def follow_up(self, thing: str) -> str:
        """Return the question how something went."""
        return self.phrases["follow_up"].format(thing=thing)

    def thing(self, what: str, whose: str) -> str:
        """Return what the user named: “your exam”; `whose` is empty for the user's own."""
        return self.phrases["of_others" if whose else "own"].format(what=what, whose=whose)

    def reminder(self, text: str, due: datetime) -> str:
        """Return a reminder with its time."""
        time = due.strftime(self.phrases["time"]).removeprefix("0")
        return self.phrases["reminder"].format(text=text, time=time)

    def _listed(self, things: Sequence[str]) -> str:
        few = things[:MOST_THINGS]
        if len(few) < 2:
            return "".join(few)
        return f"{', '.join(few[:-1])} {self.phrases['and']} {few[-1]}"


@cache
def first_words() -> Mapping[str, FirstWords]:
    """Return the words of all languages that have them, by ISO 639-1."""
    path = Path(__file__).with_name("words.yaml")
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {language: _words_of(entry) for language, entry in document.items()}


def _words_of(entry: Mapping[str, object]) -> FirstWords:
    days = {name: entry[name] for name in ("relative", "weekdays", "months", "yearly")}
    phrases = {name: str(text) for name, text in entry.items() if name not in days}
    return FirstWords(**days, phrases=phrases)  # type: ignore[arg-type]  # as words.yaml has them
