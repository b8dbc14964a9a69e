"""Dialogs for files: the photo of who is seen, and the place of a clip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

Location = QStandardPaths.StandardLocation


def choose_photo(page: QWidget, title: str, kind: str, take: Callable[[Path], None]) -> None:
    """Let the user choose a photo; `kind`: what photos are called."""
    dialog = _dialog(page, title, Location.PicturesLocation, take)
    dialog.setNameFilter(f"{kind} (*.jpg *.jpeg *.png *.webp *.bmp *.heic)")
    dialog.open()


def choose_place(page: QWidget, title: str, name: str, write: Callable[[Path], None]) -> None:
    """Let the user choose where a file of this name is written."""
    dialog = _dialog(page, title, Location.MoviesLocation, write)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(name)
    dialog.open()


def _dialog(
    page: QWidget, title: str, place: Location, take: Callable[[Path], None]
) -> QFileDialog:
    dialog = QFileDialog(page, title, QStandardPaths.writableLocation(place))
    dialog.fileSelected.connect(lambda path: take(Path(path)))
    dialog.finished.connect(dialog.deleteLater)
    return dialog
