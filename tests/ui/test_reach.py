"""Everything can be reached and named: by Tab, by arrows, by a screen reader."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget

from avatar_app.core.events import (
    Outcome,
    State,
    StateChanged,
    TurnEnded,
)

LEFT = Qt.MouseButton.LeftButton


def test_every_control_has_a_name_and_every_button_a_tooltip(qtbot, window_and_session):
    window, _ = window_and_session
    window.show_settings()
    qtbot.waitUntil(lambda: len(window.popover.microphones.rows) == 3)
    controls = window.findChildren(QAbstractButton) + window.findChildren(QLineEdit)
    assert len(controls) > 15
    nameless = [c for c in controls if not c.accessibleName()]
    assert nameless == [], [c.objectName() for c in nameless]
    shown = [c for c in controls if c.isVisible()]
    assert [c.accessibleName() for c in shown if not c.toolTip()] == []


def test_tab_visits_every_control_and_returns_to_the_start(qtbot, opened):
    window, session = opened((TurnEnded(1, Outcome.FINISHED, "Hello", "Hi", "Hi"),))
    qtbot.waitUntil(window.chat.copy_button.isEnabled)
    session.post(StateChanged(State.SPEAKING))
    qtbot.waitUntil(window.composer.stop_button.isEnabled)
    visited: list[QWidget] = []
    while len(visited) < 40 and window.focusWidget() not in visited:
        visited.append(window.focusWidget())
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    composer, stage = window.composer, window.stage
    expected = [
        composer.field,
        composer.stop_button,
        composer.talk_button,
        composer.mute_button,
        composer.look_button,
        stage.theme_button,
        stage.settings_button,
        stage.transcript_button,
        stage.pages_button,
        window.chat.new_button,
        window.chat.copy_button,
        window.chat.list,
    ]
    assert [widget for widget in visited if widget in expected] == expected
    assert set(visited) <= set(expected)


def test_copying_a_line_copies_only_heard_words(qtbot, opened):
    turn = TurnEnded(1, Outcome.INTERRUPTED, "Tell me", "One two three", "One two")
    window, _ = opened((turn,))
    qtbot.waitUntil(lambda: window.chat.model.rowCount() == 2)
    window.chat.list.setFocus()
    qtbot.keyClick(window.chat.list, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "You: Tell me\nMira: One two —"


def test_popover_choices_are_reached_by_arrow_keys_in_order(qtbot, window_and_session):
    window, session = window_and_session
    window.stage.settings_button.setFocus()
    qtbot.keyClick(window.stage.settings_button, Qt.Key.Key_Space)
    popover = window.popover
    qtbot.waitUntil(
        lambda: bool(popover.microphones.rows) and popover.microphones.rows[2].hasFocus()
    )
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Down)
    assert window.focusWidget() is popover.speakers.rows[0]
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Up)
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Up)
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: session.settings.get("audio.microphone") == "Desk microphone")
    assert session.asked("hold") == []


def test_click_outside_closes_the_popover(qtbot, window_and_session):
    window, _ = window_and_session
    window.show_settings()
    qtbot.mouseClick(window.stage.view, LEFT, pos=window.stage.view.rect().bottomLeft())
    assert not window.popover.isVisible()
