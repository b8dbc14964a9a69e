"""The command line's `history` shows, finds, exports and deletes what the window does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from terminal import typed
from typer.testing import CliRunner

from avatar_app.cli.history import history
from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.storage.history import History
from avatar_app.system.paths import app_paths


@pytest.fixture(autouse=True)
def _stored() -> None:
    stored = History(app_paths().history_file)
    for said, heard in (("Where are [red] tulips?", "In the garden."), ("Good night", "Good.")):
        stored.begin()
        turn = TurnEnded(1, Outcome.FINISHED, said, f"{heard} Or so.", heard)
        stored.add(turn, datetime.now(UTC))
    stored.close()


def invoke(*arguments: object) -> str:
    return " ".join(typed(history, *arguments).output.split())


def test_conversations_are_listed_shown_and_found() -> None:
    assert "Where are [red] tulips?" in invoke("list")
    limited = invoke("list", "--limit", "1")
    assert "Good night" in limited
    assert "1 older ones are not shown" in limited
    found = invoke("search", "tul", "GARDEN")
    assert "In the garden." in found or "tulips" in found
    assert "Good night" not in found
    assert "No conversation" in invoke("search", "roses")
    shown = invoke("show", 1)
    assert "You: Where are [red] tulips?" in shown
    assert "Or so" not in shown.replace("In the garden. —", "")


def test_export_format_follows_the_file_extension(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    assert str(path) in invoke("export", 1, "--output", path).replace(" ", "")
    assert json.loads(path.read_text())["title"] == "Where are [red] tulips?"
    invoke("export", 1, "--output", tmp_path / "talk", "--format", "txt")
    assert (tmp_path / "talk").read_text().startswith("Where are")
    with pytest.raises(InputInvalid, match="Unknown format 'doc'"):
        invoke("export", 1, "--output", tmp_path / "talk.doc")


def test_delete_asks_for_confirmation_and_is_permanent() -> None:
    refused = CliRunner().invoke(history, ["delete", "1"], input="n\n")
    assert "for good?" in refused.output
    assert "tulips" in invoke("list")
    assert "1 deleted." in invoke("delete", 1, "--yes")
    assert "tulips" not in invoke("list")
    with pytest.raises(InputInvalid, match="no conversation 1"):
        invoke("show", 1)
