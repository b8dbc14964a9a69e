"""The card of video calls: switches that let other programs see and hear the avatar."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout

from avatar_app.settings.documentation import read_help
from avatar_app.settings.forms import SettingField, form_fields
from avatar_app.system.paths import default_settings_file
from avatar_app.ui.pages.field_texts import in_language
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.setting_row import SettingRow, link_rows
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.margins import margins
from avatar_app.ui.widgets.notices import NoticeBar

NAMES = ("video_call.camera", "video_call.microphone")


class VideoCallCard(QFrame):
    """Two switches, applied at once; undone like any setting."""

    def __init__(self, context: PageContext, toast: NoticeBar) -> None:
        """`toast` shows why a value was not taken."""
        super().__init__()
        self._context, self._store, self._toast = context, context.session.settings, toast
        self._help = read_help(default_settings_file())
        self.setObjectName("formCard")
        self.title = QLabel(self.tr("Video calls"))
        self.title.setObjectName("heading")
        self.sentence = QLabel(
            self.tr("I can sit in a video call: choose me there as the camera and the microphone.")
        )
        self.sentence.setWordWrap(True)
        self.setAccessibleName(self.title.text())
        self.setAccessibleDescription(self.sentence.text())
        self.rows = {name: self._row(field) for name, field in self._fields().items()}
        self._lay_out()
        link_rows(self.rows.values())

    def showEvent(self, event: QShowEvent) -> None:
        """They may have been changed elsewhere."""
        super().showEvent(event)
        self.fill()

    def fill(self) -> None:
        """Show the values as they are now."""
        for name, field in self._fields().items():
            if field != self.rows[name].field:
                self.rows[name].show_field(field)

    def _fields(self) -> dict[str, SettingField]:
        found = {field.name: field for field in form_fields(self._store, self._help, ())}
        return {field.name: field for field in in_language([found[name] for name in NAMES])}

    def _row(self, field: SettingField) -> SettingRow:
        row = SettingRow(field, self._context.theme)
        row.chosen.connect(self._choose)
        row.reset_wanted.connect(self._reset)
        return row

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(margins(2 * UNIT, 2 * UNIT, UNIT, UNIT))
        column.setSpacing(UNIT)
        column.addWidget(self.title)
        column.addWidget(self.sentence)
        for row in self.rows.values():
            column.addWidget(row)

    def _choose(self, name: str, value: Any) -> None:
        task = self._context.work.run(lambda: self._store.set(name, value, group=name))
        task.then(lambda _change: self.fill()).failed(self._toast.tell_error)

    def _reset(self, name: str) -> None:
        task = self._context.work.run(lambda: self._store.reset(name))
        task.then(lambda _change: self.fill()).failed(self._toast.tell_error)
