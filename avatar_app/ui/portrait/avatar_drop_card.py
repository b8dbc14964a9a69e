"""A card that invites the user to drop a photo, and shows the progress of its avatar."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from avatar_app.core.jobs import Progress
from avatar_app.ui.language.texts import keep_translated, translated
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.card import SHADOW, Card
from avatar_app.ui.widgets.message import PROGRESS_STEPS, message_and_hint, progress_bar

WIDTH = 52 * UNIT
"""Width of the surface, in pixels."""


class AvatarDropCard(Card):
    """Lies on the portrait, below notices, while it has something to show."""

    changed = Signal()
    """Emitted when it appears or changes."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme)
        self.setObjectName("avatarDrop")
        self.setFixedWidth(WIDTH + 2 * SHADOW)
        self._message, self._step = message_and_hint()
        self.bar = progress_bar()
        self.cancel_button = QPushButton()
        self.cancel_button.setObjectName("noticeAction")
        keep_translated(self, self._name_parts)
        self._lay_out()
        self.hide()

    def invite(self) -> None:
        """Show that the dragged file can be dropped."""
        step = self.tr("Use a photo, a short clip or an .avatar file as a face to talk with.")
        self._tell(self.tr("Drop it here"), step, working=False)

    def begin(self, file: str) -> None:
        """Show that an avatar of `file` is being created."""
        self._tell(self.tr("Creating an avatar from {}").format(file), " ", working=True)
        self.bar.setValue(0)
        self.cancel_button.setEnabled(True)

    def show_progress(self, progress: Progress) -> None:
        self.bar.setValue(round(PROGRESS_STEPS * progress.fraction))
        self._step.setText(translated(progress.text))

    def show_cancelled(self) -> None:
        """Show that the creation is being cancelled."""
        self.cancel_button.setEnabled(False)
        self._step.setText(self.tr("Stopping"))

    def _name_parts(self) -> None:
        self.setAccessibleName(self.tr("New avatar"))
        self.bar.setAccessibleName(self.tr("Progress of the avatar"))
        self.cancel_button.setText(self.tr("Cancel"))
        self.cancel_button.setAccessibleName(self.tr("Cancel the new avatar"))
        self.cancel_button.setToolTip(self.tr("Cancel (Esc)"))

    def _tell(self, message: str, step: str, *, working: bool) -> None:
        self._message.setText(message)
        self._step.setText(step)
        self.bar.setVisible(working)
        self.cancel_button.setVisible(working)
        self.setAccessibleDescription(message)
        self.show()
        least = self._row.totalSizeHint().height()
        self.setFixedHeight(max(least, self._row.totalHeightForWidth(self.width())))
        self.changed.emit()

    def _lay_out(self) -> None:
        self._row = row = QHBoxLayout(self)
        around = SHADOW + 2 * UNIT
        row.setContentsMargins(around, around, around, around)
        row.setSpacing(2 * UNIT)
        texts = QVBoxLayout()
        texts.setSpacing(UNIT // 2)
        texts.addWidget(self._message)
        texts.addWidget(self._step)
        texts.addSpacing(UNIT // 2)
        texts.addWidget(self.bar)
        row.addLayout(texts, 1)
        row.addWidget(self.cancel_button, 0, Qt.AlignmentFlag.AlignVCenter)
