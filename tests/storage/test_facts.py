"""Facts are found in other words, replaced by newer ones, told with their source, and erased."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avatar_app.bench.planted import plant, read_fresh, read_planted
from avatar_app.storage.memory import MIGRATIONS, Memory
from avatar_app.tools.services import Fact

MONDAY = datetime(2026, 5, 4, 14, 30, tzinfo=UTC)
OSLO, BERGEN = Fact("sister", "lives in", "Oslo"), Fact("sister", "lives in", "Bergen")


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    memory = Memory(tmp_path / "memory.db")
    yield memory
    memory.close()


def related(memory: Memory, text: str) -> list[str]:
    return [each.fact.value for each in memory.stated.related(text)]


def test_a_fact_is_told_with_its_source(memory: Memory) -> None:
    memory.learn(OSLO, "My sister lives in Oslo", MONDAY)
    memory.learn(Fact("user", "name", "Anna"), "I am Anna", MONDAY + timedelta(days=1))
    known = memory.source("sister", "lives in")
    assert known is not None
    assert (known.fact, known.said, known.learned) == (OSLO, "My sister lives in Oslo", MONDAY)
    assert memory.source("cousin") is None


def test_the_last_one_is_the_one_just_learned_or_recalled(memory: Memory) -> None:
    assert memory.source() is None
    memory.learn(OSLO)
    memory.learn(Fact("user", "name", "Anna"))
    latest = memory.source()
    assert latest is not None
    assert latest.fact.value == "Anna"
    memory.facts("sister")
    latest = memory.source()
    assert latest is not None
    assert latest.fact == OSLO
    memory.forget("sister")
    assert memory.source() is None


def test_contradictions_replace_and_stay_known_until_forgotten(memory: Memory) -> None:
    memory.learn(OSLO, "She lives in Oslo", MONDAY)
    memory.learn(BERGEN, "She moved to Bergen", MONDAY + timedelta(days=9))
    assert memory.facts("sister") == [BERGEN]
    assert related(memory, "Which town is my sibling's home in?") == ["Bergen"]
    [former] = memory.stated.replaced("sister", "lives in")
    assert (former.fact, former.learned) == (OSLO, MONDAY)
    assert memory.forget("sister") == 1
    assert memory.stated.replaced("sister", "lives in") == []


def test_what_is_forgotten_is_erased_from_the_file(memory: Memory, tmp_path: Path) -> None:
    memory.learn(Fact("user", "secret", "Xylophonia"), "my secret is Xylophonia", MONDAY)
    memory.learn(Fact("user", "secret", "Quetzal"), "it is Quetzal now", MONDAY)
    assert memory.forget() == 1
    memory.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir()).lower()
    assert b"xylophonia" not in content
    assert b"quetzal" not in content


@pytest.mark.parametrize("language", ["english", "german"])
def test_facts_of_a_month_are_found_in_other_words(memory: Memory, language: str) -> None:
    facts = read_planted()[language]
    plant(memory, facts)
    missed = [
        each.question for each in facts if each.fact.value not in related(memory, each.question)
    ]
    assert len(missed) <= len(facts) / 10, missed


@pytest.mark.parametrize(
    "text", ["", "?!", "what is it", "How are you today?", '"; DROP TABLE', "\x00 *"]
)
def test_words_about_nothing_known_recall_nothing(memory: Memory, text: str) -> None:
    memory.learn(OSLO, "My sister lives in Oslo", MONDAY)
    assert related(memory, text) == []


def test_facts_of_an_earlier_version_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with sqlite3.connect(path) as connection:
        MIGRATIONS[0](connection)
        connection.execute("INSERT INTO facts VALUES ('sister', 'lives in', 'Oslo')")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    memory = Memory(path)
    assert memory.facts() == [OSLO]
    known = memory.source("sister")
    assert known is not None
    assert (known.said, known.learned) == ("", None)
    assert related(memory, "my sibling") == ["Oslo"]
    memory.close()


@pytest.mark.parametrize("language", ["english", "german"])
def test_fresh_questions_are_about_planted_facts(language: str) -> None:
    planted = {each.fact.value for each in read_planted()[language]}
    fresh = read_fresh()[language]
    assert len(fresh) >= 20
    assert {value for value, _ in fresh} <= planted
