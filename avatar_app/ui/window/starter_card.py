"""The starter card: offers speech recognition, voice and language model, and shows progress.

It is placed between portrait and composer, so that it covers neither face nor captions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.pages.page_ids import MODELS
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.check_rows import check_row, paint_checks
from avatar_app.ui.widgets.message import PROGRESS_STEPS, message_and_hint, progress_bar

NARROW = 64 * UNIT
"""Width in pixels below which the buttons are placed under the text."""


class StarterCard(QFrame):
    """Shows one of a few pages of the same widgets; `StarterOffer` chooses which."""

    page_wanted = Signal(str, str)
    """Emitted with the id of a page of the window, and words to search it for."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._wanted = theme, ""
        self.setObjectName("starter")
        self._message, self._step = message_and_hint()
        self.bar = progress_bar()
        self.command = QLineEdit()
        self.command.setObjectName("command")
        self.command.setReadOnly(True)
        self.rows: list[QPushButton] = []
        self._make_buttons()
        self._lay_out()
        theme.changed.connect(self._paint_checks)
        keep_translated(self, self._name_parts)
        self.hide()

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        """Return the buttons in Tab order."""
        return (
            self.get_button,
            self.copy_button,
            self.models_button,
            self.undo_button,
            self.later_button,
            self.choose_button,
            self.cancel_button,
            self.close_button,
        )

    def show_page(
        self,
        message: str,
        step: str,
        buttons: Iterable[QPushButton],
        command: str = "",
        *,
        wanted: str = "",
        working: bool = False,
    ) -> None:
        """Show these texts and widgets, and hide the others. `wanted`: what the button for the page
        of models searches it for."""
        self._wanted = wanted
        self.tell(message, step)
        shown = set(buttons)
        for button in self.buttons:
            button.setVisible(button in shown)
        self.bar.setVisible(working)
        self.command.setText(command)
        self.command.setCursorPosition(0)
        self.command.setVisible(bool(command))
        self._picks.setVisible(self.choose_button in shown and self.choose_button.isChecked())
        self.show()

    def tell(self, message: str, step: str) -> None:
        """Change the text of the current page."""
        self._message.setText(message)
        self._step.setText(step)
        self.setAccessibleDescription(f"{message} {step}")

    def show_fraction(self, fraction: float) -> None:
        self.bar.setValue(round(PROGRESS_STEPS * fraction))

    def show_picks(self, picks: Sequence[tuple[str, str]]) -> None:
        """Replace the checkboxes, by title and tooltip; all are checked."""
        for row in self.rows:
            self._column.removeWidget(row)
            row.deleteLater()
        self.rows = [self._row(*pick) for pick in picks]
        self._paint_checks()

    def _row(self, title: str, tip: str) -> QPushButton:
        row = check_row(title, title, tip, checked=True)
        row.toggled.connect(self._paint_checks)
        self._column.addWidget(row)
        return row

    def _paint_checks(self) -> None:
        paint_checks(self.rows, self._theme)

    def _make_buttons(self) -> None:
        self.get_button, self.copy_button = _button("primary"), _button("primary")
        self.later_button, self.choose_button = _button(), _button()
        self.cancel_button, self.close_button = _button(), _button()
        self.models_button, self.undo_button = _button(), _button()
        self.choose_button.setCheckable(True)
        self.choose_button.toggled.connect(lambda chosen: self._picks.setVisible(chosen))
        self.close_button.clicked.connect(self.hide)
        self.models_button.clicked.connect(lambda: self.page_wanted.emit(MODELS, self._wanted))

    def _name_parts(self) -> None:
        self.setAccessibleName(self.tr("Better speech recognition, voice and answers"))
        self.bar.setAccessibleName(self.tr("Download progress"))
        self.command.setAccessibleName(self.tr("Command for a terminal"))
        self.command.setToolTip(self.tr("Command for a terminal"))
        _name(self.get_button, self.tr("Get"), self.tr("Download and use them"))
        _name(self.later_button, self.tr("Later"), self.tr("Later"))
        _name(self.choose_button, self.tr("Choose"), self.tr("Choose parts"))
        _name(self.copy_button, self.tr("Copy"), self.tr("Copy the command"))
        _name(self.models_button, self.tr("Models"), self.tr("Show the page of models"))
        _name(self.undo_button, self.tr("Undo"), self.tr("Use what was used before"))
        kept = self.tr("Stop; downloaded parts stay for the next time")
        _name(self.cancel_button, self.tr("Cancel"), kept)
        _name(self.close_button, self.tr("Close"), self.tr("Close this card"))

    def _lay_out(self) -> None:
        self._picks = QWidget()
        self._column = QVBoxLayout(self._picks)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        texts = QVBoxLayout()
        texts.setSpacing(UNIT * 3 // 4)
        for part in (self._message, self._step, self.bar, self.command, self._picks):
            texts.addWidget(part)
        buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        buttons.setSpacing(UNIT)
        for button in self.buttons:
            buttons.addWidget(button)
        self._row_of_all = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row_of_all.setContentsMargins(20, 12, 12, 12)
        self._row_of_all.setSpacing(2 * UNIT)
        self._row_of_all.addLayout(texts, 1)
        self._row_of_all.addLayout(buttons)

    def minimumSizeHint(self) -> QSize:
        """Never wider than the window lets it be: the texts follow its width."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        down, right = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._row_of_all.setDirection(down if narrow else right)


def _name(button: QPushButton, title: str, tip: str) -> None:
    button.setText(title)
    button.setAccessibleName(title)
    button.setToolTip(tip)


def _button(name: str = "noticeAction") -> QPushButton:
    button = QPushButton()
    button.setObjectName(name)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus in the text field
    return button
