"""A user at the real window: keys, clicks, and what they reach."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.events import (
    AudioLevels,
    ClauseWritten,
    Control,
    ControlRequested,
    LookingChanged,
    Muted,
    Outcome,
    State,
    StateChanged,
    TurnEnded,
    UserSaid,
    WordsPlayed,
)
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.style.theme import DARK, LIGHT, UNIT

LEFT = Qt.MouseButton.LeftButton


def key(window, code: Qt.Key, kind=QEvent.Type.KeyPress, *, again: bool = False) -> None:
    """A key as the system sends it, auto-repeat included."""
    target = window.focusWidget() or window
    event = QKeyEvent(kind, code, Qt.KeyboardModifier.NoModifier, " ", again)
    QApplication.sendEvent(target, event)


def test_enter_sends_the_typed_text(qtbot, window_and_session):
    window, session = window_and_session
    qtbot.keyClicks(window.composer.field, "  how are you ")
    qtbot.keyClick(window.composer.field, Qt.Key.Key_Return)
    assert session.asked("type") == [("how are you",)]
    assert window.composer.field.text() == ""


def test_send_button_sends_only_nonempty_text(qtbot, window_and_session):
    window, session = window_and_session
    assert not window.composer.send_button.isEnabled()
    qtbot.keyClick(window.composer.field, Qt.Key.Key_Return)
    qtbot.keyClicks(window.composer.field, "hi")
    qtbot.mouseClick(window.composer.send_button, LEFT)
    assert session.asked("type") == [("hi",)]


def test_escape_interrupts(qtbot, window_and_session):
    window, session = window_and_session
    qtbot.keyClick(window.composer.field, Qt.Key.Key_Escape)
    assert session.asked("interrupt") == [()]


def test_stop_button_is_enabled_only_during_an_answer(qtbot, window_and_session):
    window, session = window_and_session
    assert not window.composer.stop_button.isEnabled()
    session.post(StateChanged(State.SPEAKING))
    qtbot.waitUntil(window.composer.stop_button.isEnabled)
    qtbot.mouseClick(window.composer.stop_button, LEFT)
    assert session.asked("interrupt") == [()]


def test_holding_space_in_the_empty_field_talks_until_release(window_and_session):
    window, session = window_and_session
    key(window, Qt.Key.Key_Space)
    for _ in range(5):
        key(window, Qt.Key.Key_Space, QEvent.Type.KeyRelease, again=True)
        key(window, Qt.Key.Key_Space, again=True)
    assert session.asked("hold") == [(True,)]
    assert window.composer.talk_button.isDown()
    key(window, Qt.Key.Key_Space, QEvent.Type.KeyRelease)
    assert session.asked("hold") == [(True,), (False,)]
    assert window.composer.field.text() == ""


def test_holding_space_talks_without_any_focus(window_and_session):
    window, session = window_and_session
    window.composer.field.clearFocus()
    key(window, Qt.Key.Key_Space)
    key(window, Qt.Key.Key_Space, QEvent.Type.KeyRelease)
    assert session.asked("hold") == [(True,), (False,)]


def test_space_within_a_text_types_a_space(qtbot, window_and_session):
    window, session = window_and_session
    qtbot.keyClicks(window.composer.field, "a b")
    assert window.composer.field.text() == "a b"
    assert session.asked("hold") == []


def test_space_on_a_focused_button_presses_it(qtbot, window_and_session):
    window, session = window_and_session
    window.composer.mute_button.setFocus()
    qtbot.keyClick(window.composer.mute_button, Qt.Key.Key_Space)
    assert session.asked("mute") == [(True,)]
    assert session.asked("hold") == []


def test_closing_the_window_releases_a_held_key(window_and_session):
    window, session = window_and_session
    key(window, Qt.Key.Key_Space)
    window.close()
    assert session.asked("hold") == [(True,), (False,)]


def test_talk_button_talks_while_pressed(qtbot, window_and_session):
    window, session = window_and_session
    qtbot.mousePress(window.composer.talk_button, LEFT)
    assert session.asked("hold") == [(True,)]
    qtbot.mouseRelease(window.composer.talk_button, LEFT)
    assert session.asked("hold") == [(True,), (False,)]


def test_mute_button_shows_the_state_reported_by_the_session(qtbot, window_and_session):
    window, session = window_and_session
    button = window.composer.mute_button
    qtbot.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    assert session.asked("mute") == [(True,)]
    assert not button.isChecked()
    session.post(Muted(muted=True))
    qtbot.waitUntil(button.isChecked)
    assert button.accessibleName() == "Open the microphone"
    qtbot.mouseClick(button, LEFT)
    assert session.asked("mute") == [(True,), (False,)]


def test_theme_shortcut_changes_colors_and_is_remembered(qtbot, window_and_session):
    window, session = window_and_session
    assert DARK.raised in window.composer.styleSheet()
    qtbot.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert LIGHT.raised in window.composer.styleSheet()
    assert DARK.raised not in window.composer.styleSheet()
    qtbot.waitUntil(lambda: session.settings.get("window.theme") == "light")


def test_transcript_shortcut_toggles_the_panel(qtbot, window_and_session):
    window, session = window_and_session
    assert window.panel.width() > 200
    qtbot.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.panel.width() == 0)
    qtbot.waitUntil(lambda: session.settings.get("window.transcript") is False)
    qtbot.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.panel.width() > 200 and window.chat.isVisible())


def test_full_screen_shortcut_toggles_full_screen(qtbot, window_and_session):
    window, _ = window_and_session
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert not window.isFullScreen()


def test_preferences_are_restored(opened):
    window, _ = opened(theme="light", transcript=False)
    assert window.theme.choice is ThemeChoice.LIGHT
    assert window.panel.width() == 0
    window.resize(780, 620)
    window.close()


def test_window_geometry_is_remembered(opened):
    window, _ = opened()
    window.resize(780, 620)
    window.close()
    again, _ = opened()
    assert (again.width(), again.height()) == (780, 620)


def test_invalid_preferences_are_ignored(opened):
    window, session = opened(theme="purple", geometry="no base64 ***")
    assert window.theme.choice is ThemeChoice.SYSTEM
    assert len(session.settings.notices) == 1


def test_popover_lists_devices_in_a_background_thread_and_chooses_one(qtbot, window_and_session):
    window, session = window_and_session
    qtbot.mouseClick(window.stage.settings_button, LEFT)
    qtbot.waitUntil(lambda: len(window.popover.microphones.rows) == 3)
    assert window.popover.isVisible()
    assert threading.current_thread().name in session.threads  # start()
    rows = {row.text(): row for row in window.popover.microphones.rows}
    assert rows["Headset"].isChecked()
    qtbot.mouseClick(rows["Desk microphone"], LEFT)
    qtbot.mouseClick(window.popover.speakers.rows[0], LEFT)
    qtbot.mouseClick(window.popover.characters.rows[1], LEFT)
    qtbot.waitUntil(lambda: window.stage.name.text() == "Otto")
    assert session.settings.get("audio.microphone") == "Desk microphone"
    assert session.settings.find("audio.speaker").place
    assert session.asked("use_character") == [("otto",)]
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert not window.popover.isVisible()
    assert session.asked("interrupt") == []
    assert window.composer.field.hasFocus()


def test_failing_device_is_reported_in_a_notice(qtbot, window_and_session):
    window, session = window_and_session
    session.error = DeviceUnavailable("The list is empty.", "Plug something in.")
    qtbot.mouseClick(window.stage.settings_button, LEFT)
    qtbot.waitUntil(lambda: window.stage.notices.notice is not None)
    assert window.stage.notices.notice.message == "The list is empty."
    session.error = None


@pytest.mark.parametrize("undone", [True, False])
def test_history_is_deleted_only_after_the_undo_time(qtbot, opened, undone):
    turn = TurnEnded(1, Outcome.FINISHED, "Hello", "Hi", "Hi")
    window, session = opened((turn,))
    qtbot.waitUntil(lambda: window.chat.model.rowCount() == 2)
    window.show_settings()
    qtbot.mouseClick(window.popover.forget_button, LEFT)
    assert window.chat.model.rowCount() == 0
    assert session.asked("forget") == []
    notices = window.stage.notices
    button = notices.action_button if undone else notices.close_button
    qtbot.mouseClick(button, LEFT)
    if undone:
        assert window.chat.model.rowCount() == 2
        window.close()
    else:
        qtbot.waitUntil(lambda: bool(session.asked("forget")))
    assert len(session.asked("forget")) == (0 if undone else 1)


def test_closing_during_the_undo_time_still_deletes(opened):
    window, session = opened((TurnEnded(1, Outcome.FINISHED, "Hello", "Hi", "Hi"),))
    window.forget()
    window.close()
    names = [call[0] for call in session.calls]
    assert names.index("forget") < names.index("close")


def test_closing_closes_the_session_once_and_leaves_no_thread(opened):
    window, session = opened()
    window.close()
    session._poster.join(60)
    assert session.asked("close") == [()]
    assert session.listeners == 0
    names = {thread.name for thread in threading.enumerate()}
    assert not [name for name in names if name.startswith(("window-work", "fake-session"))]


@pytest.mark.parametrize(
    ("control", "holds"),
    [
        (Control.HIDE_TRANSCRIPT, lambda w: not w.panel.opened),
        (Control.USE_LIGHT_THEME, lambda w: not w.theme.palette.dark),
        (Control.USE_DARK_THEME, lambda w: w.theme.palette.dark),
        (Control.SHOW_SETTINGS, lambda w: w.popover.isVisible()),
        (Control.FULL_SCREEN, lambda w: w.isFullScreen()),
        (Control.SHOW_TRANSCRIPT, lambda w: w.panel.opened),
        (Control.CLOSE, lambda w: w.isHidden()),
    ],
)
def test_avatar_requests_control_the_window(qtbot, window_and_session, control, holds):
    window, session = window_and_session
    session.post(ControlRequested(control))
    qtbot.waitUntil(lambda: holds(window))


def test_two_thousand_events_do_not_leak_widgets(qtbot, window_and_session):
    window, session = window_and_session
    # what the window replaced while it was made goes first
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    children = len(window.findChildren(QWidget))
    flood = [
        event
        for turn in range(400)
        for event in (
            UserSaid(turn, f"question {turn}"),
            ClauseWritten(turn, "one two three"),
            WordsPlayed(turn, "one two"),
            AudioLevels(-20.0, 1.0, -20.0),
            TurnEnded(turn, Outcome.FINISHED, f"question {turn}", *["one two three"] * 2),
        )
    ]
    assert len(flood) == 2000
    session.post(*flood)
    qtbot.keyClicks(window.composer.field, "still here")
    qtbot.keyClick(window.composer.field, Qt.Key.Key_Return)
    assert session.asked("type") == [("still here",)]
    qtbot.waitUntil(
        lambda: (
            any(line.answer.text == "question 399" for line in window.chat.model.lines)
            and not any(line.live for line in window.chat.model.lines)
        ),
        timeout=60_000,
    )
    assert window.chat.model.rowCount() == 400
    assert len(window.findChildren(QWidget)) == children


def test_a_narrow_bar_leaves_its_room_to_the_text(qtbot, window_and_session):
    window, session = window_and_session
    composer = window.composer
    window.resize(1180, 760)
    assert composer.meter.isVisible()
    assert composer.look_button.isVisible()
    window.pages.open("about")
    qtbot.waitUntil(lambda: not composer.meter.isVisible())
    field = composer.field
    words = field.fontMetrics().horizontalAdvance(field.placeholderText())
    qtbot.waitUntil(lambda: field.width() >= words + 4 * UNIT)
    session.post(LookingChanged("camera", looking=True))
    qtbot.waitUntil(composer.look_button.isVisible)
    window.pages.close()
    qtbot.waitUntil(composer.meter.isVisible)
