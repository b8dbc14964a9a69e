"""Runs the window: creates the Qt application, opens a session and reports unexpected errors."""

from __future__ import annotations

import locale
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QLocale, QTimer
from PySide6.QtWidgets import QApplication

from avatar_app.session.session import Session
from avatar_app.system.crash_reports import CrashReports
from avatar_app.system.single_instance import PrimaryInstance
from avatar_app.ui.error_hooks import ErrorHooks
from avatar_app.ui.language.translator import LANGUAGE, locale_of
from avatar_app.ui.style.assets import BODY, application_icon, load_fonts, unscaled_font
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow
from avatar_app.ui.window.open_requests import OpenRequests

SIGNAL_MS = 200
"""How often Python can notice Ctrl+C while Qt waits."""


def run_window(
    session: Session,
    instance: PrimaryInstance | None = None,
    file: Path | None = None,
    crashes: CrashReports | None = None,
) -> int:
    """Show the window until the user closes it; returns the process's exit status. It opens `file`,
    and what later starts pass to `instance`. Errors that nobody caught go into `crashes`."""
    application = prepared_application()
    LANGUAGE.use(session.settings.settings.window.language)
    window = MainWindow(session, Theme())
    window.closed.connect(application.quit)
    before = signal.signal(signal.SIGINT, lambda *_: _close_soon(window))
    hooks = ErrorHooks(window, crashes)
    hooks.install()
    alarm = QTimer()
    alarm.timeout.connect(_let_python_look)
    alarm.start(SIGNAL_MS)
    try:
        window.show()
        window.start()
        hooks.offer_last()
        _open(window, instance, file)
        return application.exec()
    finally:
        alarm.stop()
        hooks.remove()
        signal.signal(signal.SIGINT, before)


def _open(window: MainWindow, instance: PrimaryInstance | None, file: Path | None) -> None:
    """Open the file of this start, and whatever later starts ask for."""
    if file is not None:
        window.avatar_drop.take_in_turn(file)
    if instance is not None:
        requests = OpenRequests(window, window.bridge, window.avatar_drop.take_in_turn)
        for earlier in instance.receive(requests.receive):
            requests.open(earlier)


def prepared_application() -> QApplication:
    """Return the one application object, with the product's name, icon and typeface."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    _keep_programs_numbers()
    QLocale.setDefault(locale_of(LANGUAGE.code))  # the system may be set to no language at all
    application.setQuitOnLastWindowClosed(False)  # `run_window` decides when it is over
    application.setStyle("Fusion")
    application.setApplicationName("avatar-app")
    application.setApplicationDisplayName("Avatar")
    application.setDesktopFileName("avatar-app")
    application.setWindowIcon(application_icon())
    load_fonts()
    application.setFont(unscaled_font(BODY))
    return application


def _keep_programs_numbers() -> None:
    """Qt has set the user's locale for the whole process, whose C libraries then read 0.5 as 0
    where a comma is usual, and sentences in English get other names of days and no AM or PM. What
    the window itself shows follows QLocale, which does not change."""
    for category in (locale.LC_NUMERIC, locale.LC_TIME):
        locale.setlocale(category, "C")


def _close_soon(window: MainWindow) -> None:
    """Close from the event loop: a signal may arrive while the window is being painted."""
    QTimer.singleShot(0, window.desktop.quit)


def _let_python_look() -> None:
    """Enter Python, which is enough for a pending signal to be handled."""
