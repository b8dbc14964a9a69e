"""The privacy page's tools of other programs: looked at, added, tested, switched off, removed."""

from __future__ import annotations

import sys

import mcp_servers
import pytest
from PySide6.QtCore import Qt

from avatar_app.ui.pages.page_ids import PRIVACY
from avatar_app.ui.pages.privacy import PrivacyPage

MOUSE = Qt.MouseButton.LeftButton
SLOW = 60_000
PROGRAM = f"'{sys.executable}' '{mcp_servers.__file__}'"


@pytest.fixture
def card(qtbot, opened):
    window, _session = opened()
    window.resize(1280, 900)
    window.pages.open(PRIVACY)
    shown = window.pages.shown
    assert isinstance(shown, PrivacyPage)
    return shown.servers


def enter(card, name: str, where: str) -> None:
    card.name.setText(name)
    card.where.setText(where)


def test_a_server_is_looked_at_added_tested_switched_off_and_removed(qtbot, card) -> None:
    enter(card, "book", PROGRAM)
    qtbot.mouseClick(card.look_button, MOUSE)
    qtbot.waitUntil(card.offer_row.isVisible, timeout=SLOW)
    assert "find_address: Find the postal address" in card.offer.text()
    assert card.rows == {}
    qtbot.mouseClick(card.add_button, MOUSE)
    qtbot.waitUntil(lambda: "book" in card.rows)
    row = card.rows["book"]
    assert "send_message" in row.about.text()
    qtbot.mouseClick(row.test_button, MOUSE)
    qtbot.waitUntil(
        lambda: any("offers what you approved" in each for each in shown(card)), timeout=SLOW
    )
    qtbot.mouseClick(card.rows["book"].on_button, MOUSE)
    qtbot.waitUntil(lambda: not card.rows["book"].on_button.isChecked())
    qtbot.mouseClick(card.rows["book"].remove_button, MOUSE)
    qtbot.waitUntil(lambda: card.rows == {})


def shown(card) -> list[str]:
    return [card._toast.accessibleDescription()] if card._toast.isVisible() else []


def test_what_cannot_be_added_is_a_sentence(qtbot, card) -> None:
    enter(card, "Not A Name", "no-such-program-at-all")
    qtbot.mouseClick(card.look_button, MOUSE)
    qtbot.waitUntil(lambda: any("can't be the name" in each for each in shown(card)))
    assert not card.offer_row.isVisible()
