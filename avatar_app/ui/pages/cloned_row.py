"""One cloned voice: heard beside its recording, used, deleted, or taken back for good."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from avatar_app.session.voice_gallery import InstalledVoice
from avatar_app.ui.pages.scrolling import sentence
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.message import plain_label


class ClonedRow(QFrame):
    """Taking back shows what comes of it first, in the row."""

    hear_wanted = Signal()
    reference_wanted = Signal()
    use_wanted = Signal(object)
    delete_wanted = Signal(str)
    revoke_wanted = Signal(str)

    def __init__(self, name: str, voice: InstalledVoice | None) -> None:
        """`voice`: None where no engine speaks with it."""
        super().__init__()
        self.name, self.voice = name, voice
        self.setObjectName("voiceRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title = plain_label(name)
        self.title.setObjectName("voiceName")
        self.recording_button = self._button(
            self.tr("Recording"), self.tr("Hear the recording of {}"), self.reference_wanted.emit
        )
        self.voice_button = self._button(
            self.tr("Voice"), self.tr("Hear the cloned voice {}"), self.hear_wanted.emit
        )
        self.use_button = self._button(
            self.tr("Use"), self.tr("Use {}"), lambda: self.use_wanted.emit(voice)
        )
        self.delete_button = self._button(
            self.tr("Delete"), self.tr("Delete {}"), lambda: self.delete_wanted.emit(name)
        )
        self.revoke_button = self._button(
            self.tr("Take back"), self.tr("Take the consent to {} back"), self._ask
        )
        self.final_button = self._button(
            self.tr("Take it back for good"),
            self.tr("Take the consent to {} back for good"),
            lambda: self.revoke_wanted.emit(name),
        )
        self.keep_button = self._button(self.tr("Keep it"), self.tr("Keep {}"), self.keep)
        self.consequences = sentence(
            self.tr(
                "The recording and the voice are deleted, and no copy of them opens again on this "
                "computer. This cannot be undone."
            )
        )
        self._lay_out()
        for button in (self.voice_button, self.use_button):
            button.setVisible(voice is not None)
        self.keep()

    def show_current(self, *, current: bool) -> None:
        """It is the voice of the conversation, or not."""
        self.use_button.setEnabled(not current)
        self.use_button.setText(self.tr("In use") if current else self.tr("Use"))

    def keep(self) -> None:
        """Nothing is taken back."""
        self._question.hide()
        self.revoke_button.setEnabled(True)

    def _ask(self) -> None:
        self._question.show()
        self.revoke_button.setEnabled(False)
        self.keep_button.setFocus()

    def _button(self, text: str, about: str, act: Callable[[], None]) -> QPushButton:
        button = small_button(text, about.format(self.name))
        button.clicked.connect(lambda: act())
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(UNIT)
        row.addWidget(self.title, 1)
        buttons = (self.recording_button, self.voice_button, self.use_button)
        for button in (*buttons, self.delete_button, self.revoke_button):
            row.addWidget(button)
        self._question = QWidget()
        question = QHBoxLayout(self._question)
        question.setContentsMargins(0, 0, 0, 0)
        question.setSpacing(UNIT)
        question.addWidget(self.consequences, 1)
        question.addWidget(self.keep_button)
        question.addWidget(self.final_button)
        self.final_button.setProperty("tone", "danger")
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        column.setSpacing(UNIT)
        column.addLayout(row)
        column.addWidget(self._question)
