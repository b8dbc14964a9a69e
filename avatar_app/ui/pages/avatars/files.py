"""Files for new avatars: dropped on the page, pasted, or chosen; and the place of a shared one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QStandardPaths, QTemporaryDir
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from avatar_app.ui.portrait.avatar_drop import file_dialog

PASTED = "pasted.png"


class IncomingFiles:
    """Pictures without a file, as of a browser, get one until the page is closed."""

    def __init__(self) -> None:
        self._folder: QTemporaryDir | None = None

    def file_in(self, mime: QMimeData) -> Path | None:
        """Return the one file, or the picture, that was dropped or pasted; else None."""
        paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
        if len(paths) == 1:
            return paths[0]
        if not paths and mime.hasImage():
            return self._saved(QImage(mime.imageData()))
        return None

    def is_welcome(self, mime: QMimeData) -> bool:
        """Whether `file_in` would return something."""
        local = [url for url in mime.urls() if url.isLocalFile()]
        return len(local) == 1 or (not local and mime.hasImage())

    def _saved(self, picture: QImage) -> Path | None:
        if self._folder is None:
            self._folder = QTemporaryDir()
        path = Path(self._folder.filePath(PASTED))
        return path if picture.save(str(path)) else None


def choose_file(page: QWidget, take: Callable[[Path], None]) -> None:
    """Let the user choose a photo, a clip or an .avatar file."""
    dialog = file_dialog(page)
    dialog.fileSelected.connect(lambda path: take(Path(path)))
    dialog.open()


def choose_place(page: QWidget, title: str, name: str, write: Callable[[Path], None]) -> None:
    """Let the user choose where an avatar is written."""
    home = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    dialog = QFileDialog(page, title, home)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("avatar")
    dialog.selectFile(f"{name}.avatar")
    dialog.fileSelected.connect(lambda path: write(Path(path)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
