"""A user works with lines of the transcript: copies, hears again, corrects what was misheard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_session import FakeSession
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from avatar_app.core.events import (
    AnswerRepeated,
    ClauseWritten,
    ConversationBegan,
    Outcome,
    TurnEnded,
    TurnWithdrawn,
    UserSaid,
    WordsPlayed,
)
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
Opened = tuple[MainWindow, FakeSession]
EARLIER = TurnEnded(2, Outcome.FINISHED, "from before", "Yes.", "Yes.")
FIRST = TurnEnded(1, Outcome.FINISHED, "Hello", "Hi there.", "Hi there.")
MISHEARD = TurnEnded(2, Outcome.INTERRUPTED, "wreck a beach", "What beach is it?", "What beach")


@pytest.fixture
def talked(qtbot, opened: Callable[..., Opened]) -> Opened:
    """Three turns, one of them from an earlier run."""
    window, session = opened(history=(EARLIER,))
    qtbot.waitUntil(lambda: len(window.chat.model.lines) == 2)
    for turn in (FIRST, MISHEARD):
        session.post(UserSaid(turn.turn_id, turn.user_text), turn)
    qtbot.waitUntil(lambda: len(window.chat.model.lines) == 6)
    window.panel.settle()
    return window, session


def texts(window: MainWindow) -> list[str]:
    return [line.answer.text for line in window.chat.model.lines]


def go_to(window: MainWindow, row: int) -> None:
    window.chat.list.setFocus()
    window.chat.list.setCurrentIndex(window.chat.model.index(row))


def menu_at(qtbot, window: MainWindow, row: int, at: QPoint | None = None) -> QMenu:
    """The menu that opens by a right click on a line, beside its words or at a place."""
    view = window.chat.list
    view.scrollTo(view.model().index(row))
    rect = view.visualRect(view.model().index(row))
    at = at or QPoint(rect.center().x(), rect.top() + 3)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.viewport().mapToGlobal(at))
    QApplication.sendEvent(view.viewport(), event)
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def choose(menu: QMenu, title: str) -> None:
    (action,) = [each for each in menu.actions() if each.text().startswith(title)]
    action.trigger()
    menu.close()


def titles(menu: QMenu) -> list[str]:
    return [action.text().split("\t")[0] for action in menu.actions()]


def test_context_menu_offers_the_actions_of_a_line(qtbot, talked: Opened) -> None:
    window, session = talked
    menu = menu_at(qtbot, window, 5)
    assert titles(menu) == ["Copy", "Say again"]
    choose(menu, "Say again")
    assert session.asked("say_again") == [("What beach is it?",)]
    menu = menu_at(qtbot, window, 4)
    assert titles(menu) == ["Copy", "Correct and ask again"]
    choose(menu, "Copy")
    assert QGuiApplication.clipboard().text() == "You: wreck a beach"
    menu = menu_at(qtbot, window, 2)
    assert titles(menu) == ["Copy"]
    menu.close()


TIDES = "The sea rises twice. The moon pulls it! Why do you ask?"
TOLD = TurnEnded(3, Outcome.FINISHED, "Tides?", TIDES, TIDES)


def spot_of(window: MainWindow, row: int, text: str) -> QPoint:
    """Where a word of a line is, in the viewport."""
    view = window.chat.list
    view.scrollTo(view.model().index(row))
    rect = view.visualRect(view.model().index(row))
    line = window.chat.model.lines[row]
    inside = (QPoint(x, y) for y in range(0, rect.height(), 4) for x in range(0, rect.width(), 4))
    for spot in inside:
        word = view.delegate.word_at(line, QPointF(spot), rect)
        if word is not None and line.answer.words[word] == text:
            return rect.topLeft() + spot + QPoint(4, 2)
    raise AssertionError(text)


@pytest.fixture
def explained(qtbot, talked: Opened) -> Opened:
    """An answer of three sentences is the last line."""
    window, session = talked
    session.post(UserSaid(3, TOLD.user_text), TOLD)
    qtbot.waitUntil(lambda: len(window.chat.model.lines) == 8)
    return window, session


def test_clicking_a_word_speaks_the_answer_from_that_word(qtbot, explained: Opened) -> None:
    window, session = explained
    viewport = window.chat.list.viewport()
    moon = spot_of(window, 7, "moon")
    qtbot.mouseMove(viewport, moon)
    line = window.chat.model.lines[7]
    qtbot.waitUntil(lambda: window.chat.list.delegate.pointed == (line, 5))
    assert viewport.cursor().shape() is Qt.CursorShape.PointingHandCursor
    qtbot.mouseClick(viewport, MOUSE, pos=moon)
    assert session.asked("say_again") == [("moon pulls it! Why do you ask?",)]
    qtbot.mouseClick(viewport, MOUSE, pos=spot_of(window, 6, "Tides?"))  # the user's own
    qtbot.mouseClick(viewport, MOUSE, CONTROL, pos=moon)  # selects
    qtbot.mousePress(viewport, MOUSE, pos=moon)  # a drag selects, too
    qtbot.mouseMove(viewport, moon - QPoint(0, 60))
    qtbot.mouseRelease(viewport, MOUSE, pos=moon - QPoint(0, 60))
    assert len(session.asked("say_again")) == 1


def test_arrow_keys_mark_a_word_and_enter_speaks_from_it(qtbot, explained: Opened) -> None:
    window, session = explained
    go_to(window, 7)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Return):
        qtbot.keyClick(window.chat.list, key)
    assert session.asked("say_again") == [("you ask?",)]
    go_to(window, 5)
    go_to(window, 7)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Return):
        qtbot.keyClick(window.chat.list, key)
    assert session.asked("say_again")[1:] == [(TIDES,)]


def test_marking_a_word_repaints_only_that_word(qtbot, explained: Opened) -> None:
    window, _ = explained
    go_to(window, 7)
    view = window.chat.list
    plain = view.viewport().grab().toImage()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    marked = view.viewport().grab().toImage()
    places = [QPoint(x, y) for y in range(plain.height()) for x in range(plain.width())]
    changed = [place for place in places if plain.pixel(place) != marked.pixel(place)]
    start = spot_of(window, 7, "The")
    assert changed
    assert all(abs(place.x() - start.x()) < 60 for place in changed)
    assert all(abs(place.y() - start.y()) < 30 for place in changed)


def test_one_sentence_of_an_answer_can_be_repeated(qtbot, explained: Opened) -> None:
    window, session = explained
    menu = menu_at(qtbot, window, 7, spot_of(window, 7, "pulls"))
    assert titles(menu) == ["Copy", "Say again", "Say this sentence again"]
    choose(menu, "Say this sentence again")
    assert session.asked("say_again") == [("The moon pulls it!",)]


def test_menu_key_opens_the_context_menu_at_the_current_line(qtbot, talked: Opened) -> None:
    window, _ = talked
    go_to(window, 3)
    view = window.chat.list
    nowhere = QPoint(0, -1)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, nowhere, nowhere)
    QApplication.sendEvent(view.viewport(), event)
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert "Say again" in titles(menu)
    menu.close()


def test_enter_repeats_an_answer(qtbot, talked: Opened) -> None:
    window, session = talked
    go_to(window, 3)
    qtbot.keyClick(window.chat.list, Qt.Key.Key_Return)
    assert session.asked("say_again") == [("Hi there.",)]
    go_to(window, 2)  # words of the user that are not the last
    qtbot.keyClick(window.chat.list, Qt.Key.Key_Return)
    assert len(session.asked("say_again")) == 1


def corrected(qtbot, window: MainWindow) -> QLineEdit:
    """The field in which the last words are corrected."""
    go_to(window, 4)
    qtbot.keyClick(window.chat.list, Qt.Key.Key_F2)
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    assert (field.text(), field.objectName()) == ("wreck a beach", "correction")
    assert field.accessibleName()
    return field


def test_misheard_words_are_corrected_in_place_and_asked_again(qtbot, talked: Opened) -> None:
    window, session = talked
    field = corrected(qtbot, window)
    qtbot.keyClick(field, Qt.Key.Key_A, CONTROL)
    qtbot.keyClicks(field, "recognize speech")
    assert session.asked("hold") == []  # Space was typed
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.asked("correct") == [(2, "recognize speech")])
    session.post(TurnWithdrawn(2), UserSaid(3, "recognize speech"))
    qtbot.waitUntil(lambda: texts(window)[-1] == "recognize speech")
    assert texts(window) == ["from before", "Yes.", "Hello", "Hi there.", "recognize speech"]


def test_escape_or_unchanged_text_cancels_a_correction(qtbot, talked: Opened) -> None:
    window, session = talked
    field = corrected(qtbot, window)
    qtbot.keyClicks(field, " no")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert session.asked("correct") == session.asked("interrupt") == []
    field = corrected(qtbot, window)
    qtbot.keyClick(field, Qt.Key.Key_Return)  # unchanged
    qtbot.waitUntil(window.chat.list.hasFocus)
    assert session.asked("correct") == []


def test_turns_of_an_earlier_run_cannot_be_corrected(qtbot, opened) -> None:
    window, session = opened(history=(EARLIER,))
    qtbot.waitUntil(lambda: len(window.chat.model.lines) == 2)
    go_to(window, 0)
    for key in (Qt.Key.Key_F2, Qt.Key.Key_Return):
        qtbot.keyClick(window.chat.list, key)
        assert QApplication.focusWidget() is window.chat.list
    session.post(TurnWithdrawn(2))
    session.post(UserSaid(3, "now"))
    qtbot.waitUntil(lambda: texts(window)[-1] == "now")
    assert texts(window) == ["from before", "Yes.", "now"]


def test_repeated_answer_is_captioned_but_not_added_to_the_transcript(
    qtbot, talked: Opened
) -> None:
    window, session = talked
    before = texts(window)
    words = ("Hi", "there.")
    session.post(AnswerRepeated(3), ClauseWritten(3, " ".join(words)), WordsPlayed(3, words[0]))
    captions = window.stage.captions
    qtbot.waitUntil(lambda: captions.caption.text == "Hi there.")
    again = TurnEnded(3, Outcome.FINISHED, "", "Hi there.", "Hi there.", repeated=True)
    session.post(again, UserSaid(4, "next"))
    qtbot.waitUntil(lambda: texts(window)[-1] == "next")
    assert texts(window) == [*before, "next"]


def test_beginning_a_conversation_replaces_the_transcript(qtbot, talked: Opened) -> None:
    window, session = talked
    session.post(ConversationBegan(7, (FIRST, EARLIER)))
    qtbot.waitUntil(lambda: len(window.chat.model.lines) == 4)
    assert texts(window) == ["Hello", "Hi there.", "from before", "Yes."]
    assert window.chat.model.correctable_row is None
    qtbot.mouseClick(window.chat.new_button, MOUSE)
    qtbot.waitUntil(lambda: texts(window) == [])
    assert session.asked("begin_conversation") == [(None,)]
    assert window.stage.captions.caption.hint
