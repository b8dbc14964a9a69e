"""Reports what nobody caught, in the window's slots and in threads: log, report, one sentence."""

from __future__ import annotations

import logging
import sys
import threading
from functools import partial
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from avatar_app.system.crash_reports import CrashReports
from avatar_app.ui.widgets.notices import Action, Notice
from avatar_app.ui.window.main_window import MainWindow

log = logging.getLogger(__name__)


class ErrorHooks:
    """Is in the place of Python's own hooks between `install` and `remove`."""

    def __init__(self, window: MainWindow, reports: CrashReports | None) -> None:
        self._window, self._reports = window, reports
        self._before = sys.excepthook, threading.excepthook

    def install(self) -> None:
        self._before = sys.excepthook, threading.excepthook
        sys.excepthook = self._report
        threading.excepthook = self._report_thread

    def remove(self) -> None:
        sys.excepthook, threading.excepthook = self._before

    def offer_last(self) -> None:
        """Offer the report of a crash of the last run, once."""
        if self._reports is not None and (report := self._reports.unseen()) is not None:
            window = self._window
            message = window.tr("Avatar ended unexpectedly the last time.")
            self._tell(message, window.tr("A report was saved; nothing was sent."), report)

    def _report(
        self, kind: type[BaseException], error: BaseException, stack: TracebackType | None
    ) -> None:
        """Report a bug: log it with its traceback, and show the user a sentence."""
        log.error("unexpected error in the window", exc_info=(kind, error, stack))
        report = self._reports.report(kind, error, stack) if self._reports is not None else None
        message = self._window.tr("An unexpected error occurred in the window.")
        hint = f"{kind.__name__}: {error}"
        self._window.bridge.post(partial(self._tell, message, hint, report))

    def _report_thread(self, failed: threading.ExceptHookArgs) -> None:
        if failed.exc_type is not SystemExit:
            error = failed.exc_value or failed.exc_type()
            self._report(failed.exc_type, error, failed.exc_traceback)

    def _tell(self, message: str, hint: str, report: Path | None) -> None:
        action = None
        if report is not None:
            action = Action(self._window.tr("Show"), partial(_show, report))
        self._window.stage.notices.tell(Notice(message, hint, failure=True, action=action))


def _show(report: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(report)))
