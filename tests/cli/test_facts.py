"""The command line's `facts` shows, corrects, exports and forgets what the avatar knows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from terminal import typed

from avatar_app.cli.facts import facts
from avatar_app.core.errors import InputInvalid
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import app_paths
from avatar_app.tools.services import Fact

MAY = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _known() -> None:
    memory = Memory(app_paths().memory_file)
    memory.learn(Fact("user", "name", "Anna [x]"), "My name is Anna", MAY)
    memory.learn(Fact("sister", "lives in", "Oslo"), "My sister lives in Oslo", MAY)
    memory.close()


def invoke(*arguments: object, answer: str | None = None) -> str:
    return " ".join(typed(facts, *arguments, answer=answer).output.split())


def test_facts_are_listed_with_their_words_and_day() -> None:
    listed = invoke("list")
    for expected in ("Anna [x]", "lives in Oslo 2026-05-04 My sister lives in Oslo"):
        assert expected in listed
    about = invoke("list", "siblings", "town")
    assert "Oslo" in about
    assert "Anna" not in about
    assert "Nothing is known about that." in invoke("list", "submarines")


def test_a_correction_replaces_and_the_export_tells_both(tmp_path: Path) -> None:
    assert "Oslo → Bergen" in invoke("correct", "Sister", "lives in", "Bergen")
    assert "Oslo 2026" not in invoke("list")
    path = tmp_path / "facts.json"
    assert "2 facts" in invoke("export", path)
    [_, sister] = json.loads(path.read_text(encoding="utf-8"))
    assert sister["value"] == "Bergen"
    assert [old["value"] for old in sister["before"]] == ["Oslo"]


def test_what_is_forgotten_is_asked_for_first() -> None:
    assert "forgotten" not in invoke("forget", "sister", answer="n\n")
    assert "1 forgotten." in invoke("forget", "sister", answer="y\n")
    assert "1 forgotten." in invoke("forget", "user", "--yes")
    assert "Nothing is known about you yet." in invoke("list")


@pytest.mark.parametrize("command", [("correct", "aunt", "name", "Mia"), ("forget", "aunt")])
def test_unknown_subjects_are_named(command: tuple[str, ...]) -> None:
    with pytest.raises(InputInvalid, match="Nothing is known about aunt") as refused:
        invoke(*command)
    assert "facts list" in refused.value.hint
