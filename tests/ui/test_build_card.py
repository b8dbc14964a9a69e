"""The build card: progress of a page, the buttons that its state allows, what they ask for."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from avatar_app.core.builds import BuildChanged, BuildState, PageAct
from avatar_app.ui.widgets.message import PROGRESS_STEPS
from avatar_app.ui.window.build_card import BuildCard
from avatar_app.ui.window.main_window import MainWindow
from avatar_app.ui.window.modes import SMALLEST

MOUSE = Qt.MouseButton.LeftButton
TITLE = "a page with <b>words</b>"


def card_of(window: MainWindow) -> BuildCard:
    card = window.findChild(BuildCard)
    assert card is not None
    return card


def shown_buttons(card: BuildCard) -> set[PageAct]:
    return {act for act, button in card.button.items() if button.isVisible()}


def test_it_shows_the_progress_and_takes_no_focus(qtbot, opened) -> None:
    window, session = opened()
    card = card_of(window)
    assert not card.isVisible()
    session.post(BuildChanged(TITLE, BuildState.BUILDING, "I am writing the page.", 0.4))
    qtbot.waitUntil(card.isVisible)
    assert card.bar.value() == round(0.4 * PROGRESS_STEPS)
    assert TITLE in card.accessibleDescription()
    assert shown_buttons(card) == {PageAct.SHOW, PageAct.STOP, PageAct.UNDO}
    assert window.composer.field.hasFocus()


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (BuildState.READY, PageAct.SHOW),
        (BuildState.STOPPED, PageAct.RESUME),
        (BuildState.CUT_OFF, PageAct.RESUME),
        (BuildState.FAILED, PageAct.UNDO),
    ],
)
def test_its_buttons_do_what_can_be_said(qtbot, opened, state, offered) -> None:
    window, session = opened()
    card = card_of(window)
    session.post(BuildChanged(TITLE, state))
    qtbot.waitUntil(card.isVisible)
    assert not card.bar.isVisible()
    assert PageAct.STOP not in shown_buttons(card)
    qtbot.mouseClick(card.button[offered], MOUSE)
    qtbot.waitUntil(lambda: session.asked("act_on_page") == [(offered,)])


def test_it_closes_and_leaves_the_page_as_it_is(qtbot, opened) -> None:
    window, session = opened()
    card = card_of(window)
    session.post(BuildChanged(TITLE, BuildState.CUT_OFF))
    qtbot.waitUntil(card.isVisible)
    qtbot.mouseClick(card.button[PageAct.LEAVE], MOUSE)
    qtbot.waitUntil(lambda: session.asked("act_on_page") == [(PageAct.LEAVE,)])
    assert not card.isVisible()


def test_every_state_has_words_and_buttons(qtbot, opened) -> None:
    window, session = opened()
    card = card_of(window)
    for state in BuildState:
        session.post(BuildChanged(TITLE, state))
        qtbot.waitUntil(lambda state=state: card.accessibleName() == card._states()[state])
        assert shown_buttons(card)


def test_it_fits_the_smallest_window(qtbot, opened) -> None:
    window, session = opened()
    card = card_of(window)
    window.show_transcript(shown=True)
    window.resize(*SMALLEST)
    session.post(BuildChanged(TITLE, BuildState.STOPPED))
    qtbot.waitUntil(card.isVisible)
    qtbot.wait(300)
    assert (window.width(), window.height()) == SMALLEST
    for act in shown_buttons(card):
        button = card.button[act]
        assert button.width() >= button.sizeHint().width()
        assert card.rect().contains(button.geometry())
    assert card.parentWidget().rect().contains(card.geometry())
    assert not card.geometry().intersects(window.panel.geometry())
