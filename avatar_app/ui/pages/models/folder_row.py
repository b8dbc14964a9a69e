"""Where the models lie, and how they are moved to another disk: progress, cancel, the way back."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from avatar_app.session.model_listing import ModelListing
from avatar_app.session.model_upkeep import Upkeep
from avatar_app.ui.language.formats import number_text, path_text
from avatar_app.ui.language.texts import full_text
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button

_STEPS = 1000


class ModelFolderRow(QWidget):
    """Keeps its widgets while the models move, so that focus stays where it is."""

    move_wanted = Signal()
    back_wanted = Signal()
    cancel_wanted = Signal()

    def __init__(self, words: ModelWords) -> None:
        super().__init__()
        self._words, self._is_moved, self._is_moving = words, False, False
        self.disk, self.place, self.step, self.problem = QLabel(), QLabel(), QLabel(), QLabel()
        for label in (self.disk, self.place, self.step):
            label.setObjectName("settingHelp")
        self.problem.setObjectName("settingProblem")
        for label in (self.disk, self.place, self.step, self.problem):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("How much of the models was moved"))
        self.move_button = small_button(
            self.tr("Move …"), self.tr("Move all models to another folder or disk")
        )
        self.back_button = small_button(
            self.tr("Move back"), self.tr("Move all models back to their usual place")
        )
        self.cancel_button = small_button(
            self.tr("Cancel"), self.tr("Cancel the move; the models stay where they were")
        )
        self.move_button.clicked.connect(self.move_wanted)
        self.back_button.clicked.connect(self.back_wanted)
        self.cancel_button.clicked.connect(self.cancel_wanted)
        self._lay_out()
        self.show_upkeep(None)

    def show_listing(self, listing: ModelListing) -> None:
        """Show where the models lie, and what they take there."""
        self._is_moved = listing.is_moved
        self.disk.setText(self._words.disk(listing))
        self.place.setText(self.tr("They are in {}.").format(path_text(_short(listing.place))))
        self.place.setToolTip(str(listing.place))
        self._show_buttons()

    def show_upkeep(self, moving: Upkeep | None) -> None:
        """Show how far a move is, or what came of it."""
        self._is_moving = moving is not None and not moving.done
        error = moving.error if moving is not None else None
        self.bar.setVisible(self._is_moving)
        self.step.setVisible(self._is_moving)
        self.problem.setVisible(error is not None)
        if moving is not None:
            self.bar.setValue(round(_STEPS * moving.fraction))
            percent = number_text(100 * moving.fraction)
            self.step.setText(self.tr("Moving the models … {} %").format(percent))
        if error is not None:
            self.problem.setText(full_text(error))
        self._show_buttons()

    def _show_buttons(self) -> None:
        had_keys = any(button.hasFocus() for button in self._buttons)
        self.move_button.setVisible(not self._is_moving)
        self.back_button.setVisible(self._is_moved and not self._is_moving)
        self.cancel_button.setVisible(self._is_moving)
        if had_keys:
            (self.cancel_button if self._is_moving else self.move_button).setFocus()

    @property
    def _buttons(self) -> tuple[QWidget, ...]:
        return self.back_button, self.move_button, self.cancel_button

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(6)
        for part in (self.disk, self.place, self.bar, self.step, self.problem):
            texts.addWidget(part)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(UNIT)
        row.addLayout(texts, 1)
        for button in self._buttons:
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)


def _short(path: Path) -> str:
    """Write the user's home as others do."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)
