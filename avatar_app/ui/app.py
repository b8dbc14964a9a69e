"""Runs the window: creates the Qt application, opens a session and reports unexpected errors."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from avatar_app.core.events import Failed
from avatar_app.session.session import Session
from avatar_app.ui.style.assets import application_icon, font, load_fonts
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

Hook = Callable[[type[BaseException], BaseException, TracebackType | None], None]

log = logging.getLogger(__name__)

SIGNAL_MS = 200
"""How often Python can notice Ctrl+C while Qt waits."""


def run_window(session: Session) -> int:
    """Show the window until the user closes it; returns the process's exit status."""
    application = prepared_application()
    window = MainWindow(session, Theme())
    window.closed.connect(application.quit)
    before = signal.signal(signal.SIGINT, lambda *_: window.close())
    hook, sys.excepthook = sys.excepthook, _reporting_hook(window)
    alarm = QTimer()
    alarm.timeout.connect(_let_python_look)
    alarm.start(SIGNAL_MS)
    try:
        window.show()
        window.start()
        return application.exec()
    finally:
        alarm.stop()
        sys.excepthook = hook
        signal.signal(signal.SIGINT, before)


def prepared_application() -> QApplication:
    """Return the one application object, with the product's name, icon and typeface."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setQuitOnLastWindowClosed(False)  # `run_window` decides when it is over
    application.setStyle("Fusion")
    application.setApplicationName("avatar-app")
    application.setApplicationDisplayName("Avatar")
    application.setDesktopFileName("avatar-app")
    application.setWindowIcon(application_icon())
    load_fonts()
    application.setFont(font(14))
    return application


def _let_python_look() -> None:
    """Enter Python, which is enough for a pending signal to be handled."""


def _reporting_hook(window: MainWindow) -> Hook:
    def report(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        """Report a bug in a slot: log it with its traceback, and show the user a sentence."""
        log.error("unexpected error in the window", exc_info=(kind, error, traceback))
        message = window.tr("An unexpected error occurred in the window.")
        window.bridge.post(Failed(None, "window", message, f"{kind.__name__}: {error}"))

    return report
