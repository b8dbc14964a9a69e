"""Notices: one at a time, failures until they are closed, never more than can be read."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from avatar_app.core.events import (
    Failed,
    Noticed,
)
from avatar_app.ui.widgets import notices as notices_module
from avatar_app.ui.widgets.notices import Action, Notice

LEFT = Qt.MouseButton.LeftButton


def test_failure_stays_until_closed_and_offers_an_action(qtbot, window_and_session):
    window, session = window_and_session
    bar = window.stage.notices
    session.post(Failed(3, "think", "The answer failed.", "Try again."))
    qtbot.waitUntil(bar.isVisible)
    assert bar.accessibleDescription() == "The answer failed. Try again."
    assert not bar._timer.isActive()
    qtbot.mouseClick(bar.action_button, LEFT)
    assert QGuiApplication.clipboard().text() == "The answer failed. Try again."
    assert not bar.isVisible()
    session.post(Failed(None, "microphone", "It was unplugged."))
    qtbot.waitUntil(bar.isVisible)
    qtbot.mouseClick(bar.close_button, LEFT)
    assert not bar.isVisible()


def test_device_failure_links_to_the_devices_page(qtbot, window_and_session):
    window, session = window_and_session
    session.post(Failed(None, "microphone", "It was unplugged."))
    qtbot.waitUntil(window.stage.notices.isVisible)
    qtbot.mouseClick(window.stage.notices.action_button, LEFT)
    assert window.pages.shown.accessibleName() == "Devices"


def test_information_notice_disappears_by_itself(qtbot, monkeypatch, window_and_session):
    monkeypatch.setattr(notices_module, "READ_MS", 30)
    window, session = window_and_session
    notices, seen = window.stage.notices, []
    notices.changed.connect(lambda: seen.append(notices.isVisible()))
    session.post(Noticed("A timer is set."))
    qtbot.waitUntil(lambda: seen == [True, False])


def test_names_with_marks_are_shown_as_they_are(window_and_session):
    window, _ = window_and_session
    bar, name = window.stage.notices, "Tom & <b>Jerry</b>"
    bar.tell(Notice(f"{name} was added.", action=Action(f"Use {name}", bar.dismiss)))
    assert bar.action_button.text() == "Use Tom && <b>Jerry</b>"
    assert bar.action_button.accessibleName() == f"Use {name}"
    for label in (window.stage.name, *bar.findChildren(QLabel)):
        if label.text():
            assert label.textFormat() is Qt.TextFormat.PlainText


def test_notices_are_queued_in_order_without_duplicates(window_and_session):
    window, _ = window_and_session
    bar = window.stage.notices
    for text in ("one", "two", "one", "two", "three"):
        bar.tell(Notice(text, failure=True))
    seen = []
    while bar.notice is not None:
        seen.append(bar.notice.message)
        bar.dismiss()
    assert seen == ["one", "two", "three"]


def test_notice_queue_is_bounded_and_keeps_failures_over_information(window_and_session):
    window, _ = window_and_session
    bar = window.stage.notices
    bar.tell(Notice("first", failure=True))
    bar.tell(Notice("broken", failure=True))
    for number in range(100):
        bar.tell(Notice(f"news {number}"))
    assert bar.waiting == notices_module.MOST
    bar.dismiss()
    assert bar.notice.message == "broken"
