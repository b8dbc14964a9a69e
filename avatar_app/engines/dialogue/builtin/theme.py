"""Loads the themes: what people say and what is answered, from one YAML file each."""

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
"""An action changes something and must be sure; listening is for when nothing else fits."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Something a user may want."""

    name: str
    sort: str
    patterns: tuple[Pattern, ...]
    title: str = ""
    """What the avatar would do, for "Shall I …?"; only actions have one."""
    after: tuple[str, ...] = ()
    """The intents that it continues; it means nothing after others."""
    answers: bool = False
    """It may be the answer to an open question, so it never breaks one off."""
    urgent: bool = False
    """It breaks off whatever is open."""


@dataclass(frozen=True, slots=True)
class Themes:
    """All intents and phrases."""

    intents: Mapping[str, Intent]
    phrases: Mapping[str, list[str]]


@cache
def load_themes() -> Themes:
    """Read all themes; once, for they are constant."""
    folder = Path(__file__).with_name("skills")
    documents = [_parse(path) for path in sorted(folder.glob("*.yaml"))]
    intents = [intent for document in documents for intent in _intents(document)]
    phrases = [phrase for document in documents for phrase in _phrases(document)]
    return Themes(_unique((intent.name, intent) for intent in intents), _unique(phrases))


def _unique(entries: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Entries by name; two files that use one name would silently lose what one of them says."""
    unique: dict[str, T] = {}
    for name, entry in entries:
        if name in unique:
            raise ValueError(f"two themes name something {name!r}")
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
    """Patterns are a list, or one text with semicolons between them."""
    return says if isinstance(says, list) else [line.strip() for line in says.split(";")]


def _phrases(document: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for key, lines in (document.get("phrases") or {}).items():
        yield key, [" ".join(str(line).split()) for line in lines]
