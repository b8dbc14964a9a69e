"""Loads the themes: patterns and phrases, from one YAML file each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from avatar_app.engines.dialogue.builtin.patterns import Pattern, read

T = TypeVar("T")

ACTION, TALK, LISTEN = "action", "talk", "listen"
"""Categories: an action changes something and must be certain; listening is used when nothing else
fits."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Something a user may want."""

    name: str
    sort: str
    patterns: tuple[Pattern, ...]
    title: str = ""
    """What the avatar would do, to ask for confirmation; only actions have one."""
    after: tuple[str, ...] = ()
    """The intents that it continues; it does not apply after others."""
    answers: bool = False
    """Whether it may answer an open question, so that it never interrupts one."""
    urgent: bool = False
    """Whether it interrupts any open question."""


@dataclass(frozen=True, slots=True)
class Themes:
    """All intents and phrases."""

    intents: Mapping[str, Intent]
    phrases: Mapping[str, list[str]]


@cache
def load_themes() -> Themes:
    """Read all themes; cached, as they are constant."""
    folder = Path(__file__).with_name("skills")
    documents = [_parse(path) for path in sorted(folder.glob("*.yaml"))]
    intents = [intent for document in documents for intent in _intents(document)]
    phrases = [phrase for document in documents for phrase in _phrases(document)]
    return Themes(_unique((intent.name, intent) for intent in intents), _unique(phrases))


def _unique(entries: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Merge entries by name; raises if two files use the same name."""
    unique: dict[str, T] = {}
    for name, entry in entries:
        if name in unique:
            raise ValueError(f"two themes use the name {name!r}")
        unique[name] = entry
    return unique


def _parse(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it exists
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), loader)
    return document


def _intents(document: dict[str, Any]) -> Iterator[Intent]:
    for name, entry in (document.get("intents") or {}).items():
        yield Intent(
            name=name,
            sort=entry.get("sort", TALK),
            patterns=tuple(read(name, _lines(entry["says"]))),
            title=entry.get("title", ""),
            after=tuple(entry.get("after", ())),
            answers=entry.get("answers", False),
            urgent=entry.get("urgent", False),
        )


def _lines(says: list[str] | str) -> list[str]:
    """Return the patterns of a list, or of one text with semicolons between them."""
    return says if isinstance(says, list) else [line.strip() for line in says.split(";")]


def _phrases(document: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for key, lines in (document.get("phrases") or {}).items():
        yield key, [" ".join(str(line).split()) for line in lines]
