"""One model on its way: how far, how fast, how long still; pause, go on, try again, cancel."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout

from avatar_app.session.model_downloads import ModelTransfer, TransferState
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button

BUTTON = 11 * UNIT
_STEPS = 1000
"""Of the bar, from nothing to done."""


class TransferRow(QFrame):
    """Keeps its widgets while the download goes on, so that focus stays where it is."""

    get_wanted = Signal(str)
    pause_wanted = Signal(str)
    cancel_wanted = Signal(str)

    def __init__(self, transfer: ModelTransfer, words: ModelWords) -> None:
        super().__init__()
        self._words, self._model = words, transfer.model.id
        self.setObjectName("settingRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        title = transfer.model.title
        self.setAccessibleName(title)
        self.title, self.step, self.problem = QLabel(title), QLabel(), QLabel()
        self.step.setObjectName("settingHelp")
        self.problem.setObjectName("settingProblem")
        for label in (self.title, self.step, self.problem):
            label.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Download progress of {}").format(title))
        self.pause_button = small_button(
            self.tr("Pause"), self.tr("Pause {}; the downloaded part is kept").format(title)
        )
        self.get_button = small_button(
            self.tr("Resume"), self.tr("Resume the download of {}").format(title)
        )
        self.cancel_button = small_button(
            self.tr("Cancel"),
            self.tr("Remove {} from the queue; the downloaded part is kept").format(title),
        )
        self.pause_button.clicked.connect(lambda: self.pause_wanted.emit(self._model))
        self.get_button.clicked.connect(lambda: self.get_wanted.emit(self._model))
        self.cancel_button.clicked.connect(lambda: self.cancel_wanted.emit(self._model))
        self._lay_out()
        self.show_transfer(transfer)

    def show_transfer(self, transfer: ModelTransfer) -> None:
        """The state as it is now."""
        runs = transfer.state in (TransferState.FETCHING, TransferState.WAITING)
        failed = transfer.state is TransferState.FAILED
        had_keys = self.pause_button.hasFocus() or self.get_button.hasFocus()
        self.step.setText(self._words.transfer(transfer))
        self.bar.setValue(round(_STEPS * transfer.progress.fraction))
        message, hint = translated(transfer.message), self._words.hint(transfer.hint)
        self.problem.setText(f"{message} {hint}".strip())
        self.problem.setVisible(failed)
        self.pause_button.setVisible(runs)
        self.get_button.setVisible(not runs)
        self.get_button.setText(self.tr("Try again") if failed else self.tr("Resume"))
        self.setAccessibleDescription(f"{self.step.text()} {self.problem.text()}".strip())
        if had_keys:
            (self.pause_button if runs else self.get_button).setFocus()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(6)
        for part in (self.title, self.bar, self.step, self.problem):
            texts.addWidget(part)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, 12, 2 * UNIT, 12)
        row.setSpacing(UNIT)
        row.addLayout(texts, 1)
        row.addSpacing(UNIT)
        for button in (self.get_button, self.pause_button, self.cancel_button):
            button.setMinimumWidth(BUTTON)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
