"""Facts that a user states over a month, and how they are asked for later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from avatar_app.storage.memory import Memory
from avatar_app.tools.services import Fact

PLANTED = Path(__file__).with_name("planted_facts.yaml")
FRESH = Path(__file__).with_name("fresh_questions.yaml")
DAYS = 30
BEGIN = datetime(2026, 1, 1, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Planted:
    """A fact, and how it is asked for later."""

    fact: Fact
    said: str
    question: str


def read_planted() -> dict[str, list[Planted]]:
    """Return the facts by language."""
    document = yaml.safe_load(PLANTED.read_text(encoding="utf-8"))
    return {
        language: [
            Planted(Fact(subject.lower(), attribute.lower(), value), said, question)
            for subject, attribute, value, said, question in rows
        ]
        for language, rows in document.items()
    }


def plant(memory: Memory, facts: Iterable[Planted], begin: datetime = BEGIN) -> None:
    """Let the user state the facts, over the month from `begin`."""
    stated = list(facts)
    for at, each in enumerate(stated):
        memory.learn(each.fact, each.said, begin + timedelta(days=at * DAYS / len(stated)))


def read_fresh() -> dict[str, list[tuple[str, str]]]:
    """Return the values of facts, and questions about them in words of no lexicon, by language."""
    document = yaml.safe_load(FRESH.read_text(encoding="utf-8"))
    return {
        language: [(value, asked) for value, asked in rows] for language, rows in document.items()
    }
