"""Memory on the page of privacy: facts are seen, corrected, deleted, brought back, exported."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from avatar_app.core.events import Control, ControlRequested, Outcome, TurnEnded
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import app_paths
from avatar_app.tools.services import BY_HAND, Fact
from avatar_app.ui.pages.history import HistoryPage
from avatar_app.ui.pages.memory.card import MemoryCard
from avatar_app.ui.pages.page_ids import PRIVACY
from avatar_app.ui.pages.privacy import PrivacyPage

MAY = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def page(qtbot, opened) -> MemoryCard:
    with closing(Memory(app_paths().memory_file)) as memory:
        memory.learn(Fact("user", "name", "Anna <b>"), "I'm Anna", MAY)
        memory.learn(Fact("sister", "lives in", "Oslo"), "My sister lives in Oslo", MAY)
        memory.episodes.keep(MAY, MAY, "planting tomatoes on the balcony")
    window, _session = opened()
    window.resize(1280, 900)
    window.pages.open(PRIVACY)
    privacy = window.pages.shown
    assert isinstance(privacy, PrivacyPage)
    shown = privacy.memory
    qtbot.waitUntil(lambda: len(shown.facts) == 2)
    return shown


def test_facts_and_episodes_are_shown_with_their_source(page: MemoryCard) -> None:
    newest, oldest = page.facts
    assert (newest.field.text(), oldest.field.text()) == ("Oslo", "Anna <b>")
    assert "My sister lives in Oslo" in newest.source.text()
    assert len(page.episodes) == 1
    assert page.nothing.isHidden()


def test_a_fact_is_corrected_in_place(qtbot, page: MemoryCard) -> None:
    row = page.facts[0]
    row.field.setText("Bergen")
    row.field.editingFinished.emit()
    qtbot.waitUntil(lambda: page.facts[0].field.text() == "Bergen" and page.facts[0] is not row)
    with closing(Memory(app_paths().memory_file)) as memory:
        assert memory.source("sister", "lives in").fact.value == "Bergen"


def test_a_fact_is_deleted_and_brought_back(qtbot, page: MemoryCard) -> None:
    page.facts[0].delete_button.click()
    qtbot.waitUntil(lambda: len(page.facts) == 1 and page._toast.isVisible())
    next(button for button in page._toast.action_buttons if button.isVisible()).click()
    qtbot.waitUntil(lambda: len(page.facts) == 2)


def test_what_was_talked_about_is_deleted_and_brought_back(qtbot, page: MemoryCard) -> None:
    qtbot.mouseClick(page.episodes[0].findChild(QPushButton), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page.episodes and page._toast.isVisible())
    undo = next(button for button in page._toast.action_buttons if button.isVisible())
    assert undo.text() == "Undo"
    qtbot.mouseClick(undo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(page.episodes) == 1)
    with closing(Memory(app_paths().memory_file)) as memory:
        assert [each.summary for each in memory.episodes.all()] == [
            "planting tomatoes on the balcony"
        ]


def test_everything_is_exported(qtbot, page: MemoryCard, tmp_path: Path) -> None:
    page.export(tmp_path / "memory.json")
    qtbot.waitUntil((tmp_path / "memory.json").exists)
    assert len(json.loads((tmp_path / "memory.json").read_text())["facts"]) == 2


def test_without_a_memory_it_says_so(qtbot, opened) -> None:
    window, _session = opened()
    window.pages.open(PRIVACY)
    privacy = window.pages.shown
    assert isinstance(privacy, PrivacyPage)
    shown = privacy.memory
    assert not shown.nothing.isHidden()
    assert not shown.export_button.isEnabled()


def test_the_sentence_of_a_fact_is_shown_where_it_was_said(qtbot, opened) -> None:
    with closing(Memory(app_paths().memory_file)) as memory:
        memory.learn(Fact("sister", "lives in", "Oslo"), "My sister lives in Oslo", MAY)
        memory.learn(Fact("user", "name", "Anna"), "", MAY)
        memory.learn(Fact("user", "age", "40"), f"{BY_HAND}40", MAY)
    window, session = opened()
    window.resize(1280, 900)
    for sentence in ("my sister lives in oslo.", "Does my sister like it in Oslo?"):
        turn = TurnEnded(1, Outcome.FINISHED, sentence, "I see.", "I see.")
        session.stored.add(turn, MAY)
        session.stored.begin()
    window.pages.open(PRIVACY)
    privacy = window.pages.shown
    assert isinstance(privacy, PrivacyPage)
    shown = privacy.memory
    qtbot.waitUntil(lambda: len(shown.facts) == 3)
    assert [row.source_button.isVisibleTo(row) for row in shown.facts] == [False, False, True]
    shown.facts[2].source_button.click()
    page = window.pages.shown
    assert isinstance(page, HistoryPage)
    line = page.reader.list.currentIndex
    qtbot.waitUntil(lambda: "my sister lives in oslo." in str(line().data()))


def test_a_sentence_that_is_not_stored_is_said_to_be_missing(qtbot, opened) -> None:
    window, session = opened()
    session.post(ControlRequested(Control.SHOW_SOURCE, "I was never said"))
    qtbot.waitUntil(lambda: isinstance(window.pages.shown, HistoryPage))
    page = window.pages.shown
    qtbot.waitUntil(lambda: "I was never said" in page.panes.sentence.text())
