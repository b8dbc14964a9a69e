"""The cloned voices: heard beside the recording they were made of, and taken back with undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from avatar_app.core.jobs import Job
from avatar_app.session.voice_gallery import InstalledVoice, VoiceList
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.scrolling import Section, mark_first, sentence
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.notices import Action, Notice

Press = Callable[[InstalledVoice | None, Callable[[Job[Any]], None]], None]


class ClonedVoices(QWidget):
    """One row for each; a sentence where no engine can speak with them."""

    changed = Signal()
    """A voice is gone."""
    notice = Signal(object)
    """A Notice for the user."""

    def __init__(self, context: PageContext, press: Press) -> None:
        """`press` plays something, and stops what is heard."""
        super().__init__()
        self._context, self._gallery, self._press = context, context.session.voices, press
        self._leaving: set[str] = set()
        self._found = VoiceList()
        self.section = Section(self.tr("Cloned voices"))
        self.rows: dict[str, QFrame] = {}
        self.about = sentence("")
        self.about.setContentsMargins(12, 0, 12, 0)
        self.missing = sentence("")
        self.missing.setContentsMargins(12, 0, 12, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self.section)
        column.addWidget(self.about)
        column.addWidget(self.missing)

    def show_list(self, found: VoiceList) -> None:
        """Show those that are there."""
        self._found = found
        for row in self.rows.values():
            row.hide()
            row.deleteLater()
        self.rows = {}
        for name in found.cloned:
            if name not in self._leaving:
                self.rows[name] = self._row(name)
                self.section.rows.addWidget(self.rows[name])
                mark_first(self.rows[name], first=len(self.rows) == 1)
        self.section.card.setVisible(bool(self.rows))
        self.about.setText(self._sentence())
        reasons = [each.reason for each in found.missing]
        self.missing.setText("\n".join(reasons))
        self.missing.setVisible(bool(reasons))

    def _sentence(self) -> str:
        if any(voice.cloned for voice in self._found.voices):
            return self.tr("Each is a voice whose speaker has consented; taking it back is final.")
        able = sorted({voice.engine_title for voice in self._found.voices})
        return self.tr(
            "{} cannot speak with a cloned voice. Coqui with the model XTTS can. To make one, "
            "type: avatar-app voices clone RECORDING --name NAME"
        ).format(", ".join(able))

    def _row(self, name: str) -> QFrame:
        row = QFrame()
        row.setObjectName("voiceRow")
        row.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        layout.setSpacing(UNIT)
        layout.addWidget(QLabel(name), 1)
        recording = self._button(self.tr("Recording"), self.tr("Hear the recording of {}"), name)
        recording.clicked.connect(partial(self._hear_reference, name))
        layout.addWidget(recording)
        voice = next((v for v in self._found.voices if v.cloned and v.name == name), None)
        if voice is not None:
            result = self._button(self.tr("Voice"), self.tr("Hear the cloned voice {}"), name)
            result.clicked.connect(partial(self._hear, voice))
            layout.addWidget(result)
        revoke = self._button(self.tr("Take back"), self.tr("Take the consent to {} back"), name)
        revoke.clicked.connect(partial(self._revoke, name))
        layout.addWidget(revoke)
        return row

    def _button(self, text: str, about: str, name: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName("noticeAction")
        button.setAccessibleName(about.format(name))
        button.setToolTip(about.format(name))
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        return button

    def _hear(self, voice: InstalledVoice) -> None:
        text = self.tr("Hello! This is how I sound when we talk.")
        self._press(voice, lambda job: self._gallery.hear(job, voice, text))

    def _hear_reference(self, name: str) -> None:
        self._press(None, lambda job: self._gallery.hear_reference(job, name))

    def _revoke(self, name: str) -> None:
        """Gone from the list at once; for good when nobody wants it back."""
        self._leaving.add(name)
        self.show_list(self._found)
        self.notice.emit(
            Notice(
                self.tr("The voice {} is taken back.").format(name),
                self.tr("It is deleted, and no copy of it opens again."),
                action=Action(self.tr("Undo"), partial(self._keep, name)),
                expired=partial(self._delete, name),
            )
        )

    def _keep(self, name: str) -> None:
        self._leaving.discard(name)
        self.show_list(self._found)

    def _delete(self, name: str) -> None:
        self._context.work.run(lambda: self._gallery.revoke(name)).then(lambda _: self._gone(name))

    def _gone(self, name: str) -> None:
        self._leaving.discard(name)
        self.changed.emit()
