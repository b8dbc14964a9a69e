"""A popover with quick choices: microphone, speaker, character, theme and history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from avatar_app.session.session import Devices
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.style.assets import Glyph, icon
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.card import SHADOW, Card
from avatar_app.ui.widgets.check_rows import check_row, paint_checks
from avatar_app.ui.widgets.meters import LevelMeter

WIDTH = 40 * UNIT


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values."""

    title: str
    value: str | None


class ChoiceGroup(QWidget):
    """A heading and one row for each choice; exactly one is checked."""

    chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._title = theme, ""
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._heading = QLabel()
        self._heading.setObjectName("section")
        self._column.addWidget(self._heading)
        self.rows: list[QPushButton] = []
        theme.changed.connect(self._paint_checks)

    def name_it(self, title: str) -> None:
        """Set the heading; rows take it when they are shown."""
        self._title = title
        self._heading.setText(title)

    def show_choices(self, choices: Sequence[Choice], current: str | None) -> None:
        """Replace the rows."""
        for row in self.rows:
            self._column.removeWidget(row)
            row.deleteLater()
        self.rows = [self._row(choice, checked=choice.value == current) for choice in choices]
        self._paint_checks()

    def _row(self, choice: Choice, *, checked: bool) -> QPushButton:
        name = f"{self._title}: {choice.title}"
        row = check_row(choice.title, name, choice.title, checked=checked)
        row.clicked.connect(lambda: self._choose(row, choice))
        self._column.addWidget(row)
        return row

    def _choose(self, chosen: QPushButton, choice: Choice) -> None:
        for row in self.rows:  # no button group: its arrow keys would choose instead of move
            row.setChecked(row is chosen)
        self._paint_checks()
        self.chosen.emit(choice.value)

    def _paint_checks(self) -> None:
        paint_checks(self.rows, self._theme)


class Popover(Card):
    """Lies over the window, closes with Esc or a click outside; never a window of its own."""

    closed = Signal()
    microphone_chosen = Signal(object)
    speaker_chosen = Signal(object)
    character_chosen = Signal(object)
    photo_wanted = Signal()
    theme_chosen = Signal(ThemeChoice)
    starter_wanted = Signal()
    forget_wanted = Signal()
    settings_wanted = Signal()
    compact_wanted = Signal()

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme)
        self.setObjectName("popover")
        self.setFixedWidth(WIDTH + 2 * SHADOW)
        self.microphones, self.speakers = ChoiceGroup(theme), ChoiceGroup(theme)
        self.characters, self.appearance = ChoiceGroup(theme), ChoiceGroup(theme)
        self.meter = LevelMeter(theme, bars=24, height=6, wide=True)
        self._right, self._top, self._room = 0, 0, 0
        self._shown_theme = ThemeChoice.SYSTEM
        self.photo_button, self.starter_button = QPushButton(), QPushButton()
        self.settings_button, self.forget_button = QPushButton(), QPushButton()
        self.compact_button = QPushButton()
        self._lay_out()
        self._connect()
        theme.changed.connect(self._recolor)
        self._recolor()
        keep_translated(self, self._name_parts)
        self.hide()

    def show_devices(self, devices: Devices) -> None:
        self.microphones.show_choices(self._with_default(devices.microphones), devices.microphone)
        self.speakers.show_choices(self._with_default(devices.speakers), devices.speaker)
        self._order_rows()
        if self.isVisible():
            self._focus_choice()
        self._fit_soon()

    def show_characters(self, titles: Mapping[str, str], current: str) -> None:
        """`titles`: of the characters, by name."""
        self.characters.show_choices(
            [Choice(title, name) for name, title in titles.items()], current
        )
        self._order_rows()
        self._fit_soon()

    def show_theme(self, choice: ThemeChoice) -> None:
        self._shown_theme = choice
        titles = {
            ThemeChoice.SYSTEM: self.tr("Follow the system"),
            ThemeChoice.DARK: self.tr("Dark"),
            ThemeChoice.LIGHT: self.tr("Light"),
        }
        self.appearance.show_choices([Choice(t, c) for c, t in titles.items()], choice)

    def open_below(self, button: QWidget) -> None:
        """Open with its right corner under a button of the window."""
        window = self.window()
        corner = button.mapTo(window, QPoint(0, 0))
        right = corner.x() + button.width() + 6 * UNIT
        top = corner.y() + button.height() + UNIT
        self.open_at(right, top, window.height() - top - 2 * UNIT)

    def open_at(self, right: int, top: int, room: int) -> None:
        """Show it with its upper right corner there, at most `room` pixels high."""
        self._right, self._top, self._room = right, top, room
        self.show()
        self.raise_()
        self._fit_soon()
        self._focus_choice()

    def dismiss(self) -> None:
        if self.isVisible():
            self.hide()
            self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def _focus_choice(self) -> None:
        """Focus the current choice; never the delete button."""
        for group in (self.microphones, self.appearance):
            for row in group.rows:
                if row.isChecked():
                    row.setFocus(Qt.FocusReason.PopupFocusReason)
                    return

    def _order_rows(self) -> None:
        """Set the Tab order from top to bottom, whichever rows were added last."""
        groups = (self.microphones, self.speakers, self.characters)
        rows = [row for group in groups for row in group.rows]
        last = (
            self.photo_button,
            *self.appearance.rows,
            self.compact_button,
            self.settings_button,
            self.starter_button,
            self.forget_button,
        )
        for before, after in pairwise([*rows, *last]):
            QWidget.setTabOrder(before, after)

    def _fit_soon(self) -> None:
        """Resize once new rows are styled and so have their size."""
        QTimer.singleShot(0, self._fit)

    def _fit(self) -> None:
        wanted = self._body.sizeHint().height() + 2 * UNIT
        self.setFixedHeight(max(120, min(wanted, self._room)) + 2 * SHADOW)
        self.move(self._right - self.width() + SHADOW, self._top - SHADOW)

    def _with_default(self, names: tuple[str, ...]) -> list[Choice]:
        return [Choice(self.tr("System default"), None), *(Choice(name, name) for name in names)]

    def _lay_out(self) -> None:
        self._body = QWidget()
        self._body.setObjectName("popoverBody")
        column = QVBoxLayout(self._body)
        column.setContentsMargins(UNIT, UNIT, UNIT, UNIT)
        column.setSpacing(12)
        meter_row = QHBoxLayout()
        meter_row.setContentsMargins(2 * UNIT, 0, 2 * UNIT, 0)
        meter_row.addWidget(self.meter)
        column.addWidget(self.microphones)
        column.addLayout(meter_row)
        faces = QVBoxLayout()
        faces.setSpacing(2)
        faces.addWidget(self.characters)
        faces.addWidget(self.photo_button)
        column.addWidget(self.speakers)
        column.addLayout(faces)
        column.addWidget(self.appearance)
        self.photo_button.setObjectName("bring")
        self.compact_button.setObjectName("bring")
        column.addWidget(self.compact_button)
        self.settings_button.setObjectName("bring")
        column.addWidget(self.settings_button)
        self.starter_button.setObjectName("bring")
        column.addWidget(self.starter_button)
        self.forget_button.setObjectName("forget")
        column.addWidget(self.forget_button)
        self._scroll = scroll = QScrollArea(self)
        scroll.setWidget(self._body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(SHADOW, SHADOW + UNIT, SHADOW, SHADOW + UNIT)
        outer.addWidget(scroll)

    def _name_parts(self) -> None:
        self.setAccessibleName(self.tr("Devices and appearance"))
        self._scroll.setAccessibleName(self.tr("Choices"))
        self.microphones.name_it(self.tr("Microphone"))
        self.speakers.name_it(self.tr("Speaker"))
        self.characters.name_it(self.tr("Character"))
        self.appearance.name_it(self.tr("Appearance"))
        self.show_theme(self._shown_theme)
        dropped = self.tr("Or drop the file on the window  ({})").format(_keys("Ctrl+N"))
        every = self.tr("Every setting, with search  ({})").format(_keys("Ctrl+,"))
        better = self.tr("Install better speech recognition, voice and language model")
        undoable = self.tr("Delete the conversations; can be undone for a while")
        new = self.tr("New character from a photo or clip")
        parts = self.tr("Speech, voice and language model")
        _name(self.photo_button, self.tr("New from a photo or clip …"), new, dropped)
        _name(self.settings_button, self.tr("All settings …"), self.tr("All settings"), every)
        _name(self.starter_button, self.tr("Speech, voice and language model …"), parts, better)
        compact, small = self.tr("Compact window"), self.tr("Small, and on top of others  (F9)")
        _name(self.compact_button, compact, compact, small)
        delete = self.tr("Delete the history")
        _name(self.forget_button, delete, delete, undoable)

    def _connect(self) -> None:
        self.microphones.chosen.connect(self.microphone_chosen)
        self.speakers.chosen.connect(self.speaker_chosen)
        self.characters.chosen.connect(self.character_chosen)
        self.appearance.chosen.connect(self.theme_chosen)
        self.photo_button.clicked.connect(self.photo_wanted)
        self.settings_button.clicked.connect(self.settings_wanted)
        self.compact_button.clicked.connect(self.compact_wanted)
        self.starter_button.clicked.connect(self.dismiss)
        self.starter_button.clicked.connect(self.starter_wanted)
        self.forget_button.clicked.connect(self.forget_wanted)

    def _recolor(self) -> None:
        self.photo_button.setIcon(icon(Glyph.FACE, self._theme.palette.accent, 16))
        self.compact_button.setIcon(icon(Glyph.COMPACT, self._theme.palette.accent, 16))
        self.settings_button.setIcon(icon(Glyph.SLIDERS, self._theme.palette.accent, 16))
        self.starter_button.setIcon(icon(Glyph.SPEAKER, self._theme.palette.accent, 16))
        self.forget_button.setIcon(icon(Glyph.TRASH, self._theme.palette.danger, 16))


def _name(button: QPushButton, text: str, name: str, tip: str) -> None:
    button.setText(text)
    button.setAccessibleName(name)
    button.setToolTip(tip)


def _keys(shortcut: str) -> str:
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
