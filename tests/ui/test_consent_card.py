"""The consent card: shows what is asked, answers by mouse and keyboard, goes when it is settled."""

from __future__ import annotations

from fake_session import FakeSession
from PySide6.QtCore import Qt

from avatar_app.core.events import ConsentAsked, ConsentOutcome, ConsentSettled
from avatar_app.ui.window.consent_card import DEAF_MS, ConsentCard
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
Opened = tuple[MainWindow, FakeSession]
ASKED = ConsentAsked(7, "send <b>mail</b>", "to: Anna")


def card_of(window: MainWindow) -> ConsentCard:
    card = window.findChild(ConsentCard)
    assert card is not None
    return card


def shown(qtbot, opened: Opened, asked: ConsentAsked = ASKED) -> None:
    window, session = opened
    session.post(asked)
    qtbot.waitUntil(card_of(window).isVisible)


def test_it_shows_what_is_asked_and_leaves_the_focus_in_the_field(qtbot, opened) -> None:
    window, session = opened()
    shown(qtbot, (window, session))
    card = card_of(window)
    assert card.accessibleName() == "May I send <b>mail</b>?"
    assert "to: Anna" in card.accessibleDescription()
    assert window.composer.field.hasFocus()


def test_buttons_answer_after_a_moment(qtbot, opened) -> None:
    window, session = opened()
    shown(qtbot, (window, session))
    card = card_of(window)
    qtbot.mouseClick(card.allow_button, MOUSE)
    assert session.asked("decide") == [], "a click meant for what lay there before"
    qtbot.waitUntil(card.allow_button.isEnabled, timeout=20 * DEAF_MS)
    qtbot.mouseClick(card.allow_button, MOUSE)
    assert session.asked("decide") == [(7, True)]
    assert not card.isVisible()


def test_the_keyboard_reaches_the_buttons_and_refuses_first(qtbot, opened) -> None:
    window, session = opened()
    shown(qtbot, (window, session))
    card = card_of(window)
    qtbot.waitUntil(card.refuse_button.isEnabled, timeout=20 * DEAF_MS)
    widget = window.composer.look_button
    widget.setFocus()
    qtbot.keyClick(widget, Qt.Key.Key_Tab)
    assert card.refuse_button.hasFocus()
    qtbot.keyClick(card.refuse_button, Qt.Key.Key_Space)
    assert session.asked("decide") == [(7, False)]


def test_it_goes_when_it_is_settled_by_words(qtbot, opened) -> None:
    window, session = opened()
    shown(qtbot, (window, session))
    session.post(
        ConsentSettled(6, ConsentOutcome.EXPIRED), ConsentSettled(7, ConsentOutcome.AGREED)
    )
    qtbot.waitUntil(lambda: not card_of(window).isVisible())
    assert session.asked("decide") == []
