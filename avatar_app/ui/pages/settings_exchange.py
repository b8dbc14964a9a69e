"""Export and import of the settings: two buttons, which ask for the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from avatar_app.session.session import Session
from avatar_app.settings.exchange import export_settings, import_settings
from avatar_app.settings.forms import form_fields
from avatar_app.settings.store import SettingsChange
from avatar_app.ui.language.formats import path_text
from avatar_app.ui.qt.work import Work
from avatar_app.ui.widgets.notices import Action, Notice, NoticeBar

FILE = "avatar-settings.yaml"
SPACING = 6
"""As between the buttons above."""


class SettingsExchange(QWidget):
    """Writes the changed settings into a file, and takes over those of another one."""

    def __init__(self, session: Session, work: Work, toast: NoticeBar) -> None:
        super().__init__()
        self._store, self._manifests = session.settings, session.manifests
        self._work, self._toast = work, toast
        self.export_button = QPushButton(self.tr("Export"))
        self.import_button = QPushButton(self.tr("Import"))
        names = {
            self.export_button: self.tr("Write the changed settings into a file"),
            self.import_button: self.tr("Take over the settings of a file"),
        }
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        for button, name in names.items():
            button.setObjectName("bring")
            button.setAccessibleName(name)
            button.setToolTip(name)
            column.addWidget(button)
        self.export_button.clicked.connect(self._ask_for_place)
        self.import_button.clicked.connect(self._ask_for_file)

    def export_to(self, path: Path) -> None:
        """Write the file."""
        task = self._work.run(
            lambda: export_settings(form_fields(self._store, {}, self._manifests), path)
        )
        task.then(lambda count: self._tell_exported(count, path))
        task.failed(self._toast.tell_error)

    def import_from(self, path: Path) -> None:
        """Take over the settings of a file; undone in one step."""
        task = self._work.run(lambda: import_settings(self._store, path))
        task.then(self._tell_imported).failed(self._toast.tell_error)

    def _tell_exported(self, count: int, path: Path) -> None:
        text = (
            self.tr("The changed settings are in {}.")
            if count
            else self.tr("{} is empty: no setting differs from the shipped ones.")
        )
        self._tell(Notice(text.format(path_text(path.name))))

    def _tell_imported(self, change: SettingsChange) -> None:
        if not change.names:
            self._tell(Notice(self.tr("The settings are as in the file already.")))
            return
        message = self.tr("The settings of the file are in use now.")
        self._tell(Notice(message, action=Action(self.tr("Undo"), self._undo)))

    def _undo(self) -> None:
        self._work.run(self._store.undo)

    def _tell(self, notice: Notice) -> None:
        self._toast.dismiss_all()
        self._toast.tell(notice)

    def _ask_for_place(self) -> None:
        dialog = self._dialog(self.tr("Export"), self.export_to)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("yaml")
        dialog.selectFile(FILE)
        dialog.open()

    def _ask_for_file(self) -> None:
        dialog = self._dialog(self.tr("Import"), self.import_from)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter("*.yaml *.yml")
        dialog.open()

    def _dialog(self, title: str, use: Callable[[Path], None]) -> QFileDialog:
        home = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        dialog = QFileDialog(self, title, home)
        dialog.fileSelected.connect(lambda path: use(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        return dialog
