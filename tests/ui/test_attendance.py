"""The session learns when the user comes to the window, and when it is hidden."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from avatar_app.ui.window import attendance


def test_showing_hiding_and_minimizing_are_told(window_and_session) -> None:
    window, session = window_and_session
    assert session.asked("attend")[0] == (True,)
    window.hide()
    assert session.asked("attend")[-1] == (False,)
    window.show()
    assert session.asked("attend")[-1] == (True,)
    window.showMinimized()
    QApplication.processEvents()
    assert session.asked("attend")[-1] == (False,)
    window.showNormal()
    QApplication.processEvents()
    assert session.asked("attend")[-1] == (True,)


def test_a_user_who_stays_is_told_of_now_and_then(window_and_session, monkeypatch) -> None:
    window, session = window_and_session
    before = len(session.asked("attend"))
    for _ in range(5):
        QApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    assert len(session.asked("attend")) == before
    monkeypatch.setattr(attendance, "EVERY", 0)
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    assert session.asked("attend")[before:] == [(True,)]
