"""The whole program around the window: opens, hears Ctrl+C, reports a bug in a slot, ends."""

from __future__ import annotations

import locale
import os
import signal
import sys
import threading

from fake_session import FakeSession
from PySide6.QtCore import QTimer
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from avatar_app.core.events import State, StateChanged
from avatar_app.system.crash_reports import CrashReports
from avatar_app.ui.app import prepared_application, run_window
from avatar_app.ui.portrait.view import PortraitView
from avatar_app.ui.screenshots.gallery import SCENES, shoot
from avatar_app.ui.window.main_window import MainWindow


def window() -> MainWindow:
    return next(
        w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible()
    )


def test_ctrl_c_closes_the_window_and_the_session(qapp):
    session = FakeSession()
    before = signal.getsignal(signal.SIGINT)
    QTimer.singleShot(50, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert run_window(session) == 0
    assert session.asked("start") == [()]
    assert session.asked("close") == [()]
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_during_painting_closes_after_the_paint(qapp, monkeypatch, qtlog):
    """A window that goes while it is painted has no handle when the paint is to be flushed."""
    session = FakeSession()
    visible_after = []
    paint = PortraitView.paintEvent

    def interrupted(view, event) -> None:
        paint(view, event)
        if not visible_after:
            signal.raise_signal(signal.SIGINT)
            visible_after.append(view.isVisible())

    monkeypatch.setattr(PortraitView, "paintEvent", interrupted)
    assert run_window(session) == 0
    assert visible_after == [True]
    assert [record.message for record in qtlog.records if "QBackingStore" in record.message] == []


def test_closing_the_window_exits_the_program(qapp):
    session = FakeSession()
    QTimer.singleShot(50, lambda: window().close())
    assert run_window(session) == 0
    assert session.asked("close") == [()]


def test_unexpected_error_is_logged_and_shown_as_a_notice(qapp, monkeypatch, expected_warnings):
    expected_warnings.append("unexpected error in the window")
    session = FakeSession()
    shown = []

    def break_something() -> None:
        sys.excepthook(ValueError, ValueError("broken"), None)
        QTimer.singleShot(50, look)

    def look() -> None:
        shown.append(window().stage.notices.notice)
        window().close()

    QTimer.singleShot(50, break_something)
    run_window(session)
    assert shown[0].failure
    assert "ValueError: broken" in shown[0].hint


def test_error_in_slot_or_thread_is_saved_as_crash_report_and_shown(
    qapp, tmp_path, monkeypatch, expected_warnings
):
    expected_warnings.append("unexpected error in the window")
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    crashes = CrashReports(tmp_path, dict)
    shown = []

    def fail() -> None:
        raise ValueError("broken in a thread")

    def look() -> None:
        notices = window().stage.notices
        shown.append(notices.notice)
        notices.action_button.click()
        window().close()

    def break_something() -> None:
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        QTimer.singleShot(50, look)

    QTimer.singleShot(50, break_something)
    run_window(FakeSession(), crashes=crashes)
    assert shown[0].hint == "ValueError: broken in a thread"
    (report,) = tmp_path.glob("*.txt")
    assert opened == [str(report)]
    assert "in fail" in report.read_text(encoding="utf-8")
    assert "Traceback" not in shown[0].message + shown[0].hint


def test_crash_report_is_offered_at_the_next_start(qapp, tmp_path):
    (tmp_path / "2026-01-01 10.00.00.000000.txt").write_text("Segmentation fault")
    shown = []

    def look() -> None:
        shown.append(window().stage.notices.notice)
        window().close()

    for _ in range(2):
        QTimer.singleShot(50, look)
        run_window(FakeSession(), crashes=CrashReports(tmp_path, dict))
    assert shown[0].message == "Avatar ended unexpectedly the last time."
    assert shown[0].action.title == "Show"
    assert shown[1] is None


def test_gallery_renders_every_scene_dark_and_light(qapp, tmp_path):
    opened = []

    def session() -> FakeSession:
        opened.append(FakeSession())
        return opened[-1]

    pictures = shoot(tmp_path, session, settle_ms=60)
    names = {path.stem for path in pictures}
    assert names == {f"{s.name}-{theme}" for s in SCENES for theme in ("dark", "light")}
    assert all(path.stat().st_size > 10_000 for path in pictures)
    assert all(one.asked("close") for one in opened)
    assert StateChanged(State.SPEAKING) in SCENES[2].events


def test_numbers_and_days_of_the_program_do_not_follow_the_locale_that_qt_sets(qapp):
    """With a German one strtod("0.5") is 0, and half past three has no PM."""
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "C.UTF-8")  # as Qt does, with the user's
        prepared_application()
        assert locale.setlocale(locale.LC_NUMERIC) == "C"
        assert locale.setlocale(locale.LC_TIME) == "C"
        assert locale.setlocale(locale.LC_CTYPE) == "C.UTF-8"
    finally:
        locale.setlocale(locale.LC_ALL, before)
