"""A page on which files are dropped and pasted."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from avatar_app.ui.pages.avatars.files import IncomingFiles
from avatar_app.ui.pages.page import PageContext, PageView


class FileDropPage(PageView):
    """Takes one file, or a picture without a file, at a time."""

    def __init__(self, context: PageContext, title: str) -> None:
        super().__init__(context, title)
        self._files = IncomingFiles()
        self.setAcceptDrops(True)

    def take(self, source: Path | None) -> None:
        """Do something with a file; None: there was nothing in what was dropped."""
        raise NotImplementedError

    def may_take(self) -> bool:
        """Whether a file is welcome now."""
        raise NotImplementedError

    def show_target(self, *, wanted: bool) -> None:
        """A file is over the page, or no longer."""
        raise NotImplementedError

    def paste(self) -> None:
        """Take a file or picture from the clipboard."""
        self.take(self._files.file_in(QApplication.clipboard().mimeData()))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._files.is_welcome(event.mimeData()) and self.may_take():
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.show_target(wanted=True)
        else:
            event.ignore()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self.show_target(wanted=False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.show_target(wanted=False)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.take(self._files.file_in(event.mimeData()))
