"""A card for one check of a device: what it does, its level while it runs, and what it found."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from avatar_app.ui.pages.check_words import CheckFinding
from avatar_app.ui.style.assets import Glyph, icon, pixmap
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.margins import margins
from avatar_app.ui.widgets.meters import LevelMeter

_SIGN = 20


class Figure(QWidget):
    """A number, large, and below it what it is."""

    def __init__(self) -> None:
        super().__init__()
        self.number, self.about = QLabel(), QLabel()
        self.number.setObjectName("figure")
        self.about.setObjectName("settingHelp")
        column = QVBoxLayout(self)
        column.setContentsMargins(margins(0, 0, 3 * UNIT, 0))
        column.setSpacing(0)
        column.addWidget(self.number)
        column.addWidget(self.about)
        self.hide()

    def show_figure(self, number: str, about: str) -> None:
        self.number.setText(number)
        self.about.setText(about)
        self.setAccessibleName(f"{number} {about}")
        self.show()


class CheckCard(QFrame):
    """Shows one of three states: ready, running, or what was found."""

    def __init__(self, theme: Theme, title: str, about: str) -> None:
        super().__init__()
        self._theme, self._about = theme, about
        self._finding: CheckFinding | None = None
        self._buttons: list[QPushButton] = []
        self.setObjectName("formCard")
        self.setAccessibleName(title)
        self.title = QLabel(title)
        self.title.setObjectName("heading")
        self.sentence, self.hint = QLabel(about), QLabel()
        self.sign = QLabel()
        self.sign.setAccessibleName(self.tr("Result"))
        for label in (self.sentence, self.hint):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.hint.setObjectName("settingHelp")
        self.meter = LevelMeter(theme, bars=32, height=8, wide=True)
        self.figures = [Figure() for _ in range(3)]
        self.head = QHBoxLayout()
        """Title, and to the right of it which device is used."""
        self.row = QHBoxLayout()
        """The buttons."""
        self._lay_out()
        self.show_ready()
        theme.changed.connect(self._paint_sign)

    def add_button(self, text: str, *, primary: bool = False) -> QPushButton:
        """A button in the card's last row."""
        button = QPushButton(text)
        button.setObjectName("primary" if primary else "noticeAction")
        button.setAccessibleName(f"{self.title.text()}: {text}")
        button.setToolTip(text)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setIconSize(QSize(18, 18))
        self.row.insertWidget(self.row.count() - 1, button)
        self._buttons.append(button)
        return button

    def show_buttons(self, *shown: QPushButton) -> None:
        """Show these of its buttons only; the focus stays in the card if it was there."""
        focused = QApplication.focusWidget()
        within = focused is not None and self.isAncestorOf(focused)
        for button in self._buttons:
            if button in shown:
                button.show()
        able = [button for button in shown if button.isEnabled()]
        if within and focused not in shown and able:
            able[0].setFocus()
        for button in self._buttons:
            if button not in shown:
                button.hide()

    def show_ready(self) -> None:
        """Nothing was checked yet."""
        self._show(self._about, "", None)

    def show_running(self, sentence: str) -> None:
        """The check goes on; `sentence` says what to do meanwhile."""
        self._show(sentence, "", None)
        self.meter.level = 0.0
        self.meter.show()

    def show_question(self, sentence: str) -> None:
        """The user is asked something."""
        self._show(sentence, "", None)

    def show_finding(self, finding: CheckFinding) -> None:
        """The check is over."""
        self._show(finding.sentence, finding.hint, finding)

    def show_level(self, db: float) -> None:
        """How loud it is at the moment; in the color of listening."""
        self.meter.show_level(db, 1.0)

    def _show(self, sentence: str, hint: str, finding: CheckFinding | None) -> None:
        self._finding = finding
        self.sentence.setText(sentence)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.setAccessibleDescription(f"{sentence} {hint}".strip())
        self.meter.hide()
        self._show_figures(finding.figures if finding else ())
        self._paint_sign()

    def _show_figures(self, figures: Sequence[tuple[str, str]]) -> None:
        for place, figure in enumerate(self.figures):
            figure.hide()
            if place < len(figures):
                figure.show_figure(*figures[place])

    def _paint_sign(self) -> None:
        finding, palette = self._finding, self._theme.palette
        self.sign.setVisible(finding is not None)
        if finding is not None:
            glyph = Glyph.CHECK if finding.good else Glyph.WARNING
            shade = palette.listening if finding.good else palette.danger
            self.sign.setPixmap(pixmap(glyph, shade, _SIGN, self.devicePixelRatioF()))

    def _lay_out(self) -> None:
        self.head.addWidget(self.title, 1)
        said = QHBoxLayout()
        said.setSpacing(UNIT)
        said.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.sentence)
        texts.addWidget(self.hint)
        said.addLayout(texts, 1)
        numbers = QHBoxLayout()
        numbers.setSpacing(0)
        for figure in self.figures:
            numbers.addWidget(figure)
        numbers.addStretch(1)
        self.row.setSpacing(UNIT)
        self.row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        column.setSpacing(12)
        column.addLayout(self.head)
        column.addLayout(said)
        column.addWidget(self.meter)
        column.addLayout(numbers)
        column.addLayout(self.row)


def put_icon(button: QPushButton, glyph: Glyph, shade: str) -> None:
    """An icon before the text of a button."""
    button.setIcon(icon(glyph, shade, 18))
