"""The page rail: one button for each page, reached by arrow keys and Ctrl+digit."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QVBoxLayout, QWidget

from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.pages.index import PageEntry
from avatar_app.ui.style.assets import icon
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.toggle import ClickedByToggle

WIDTH = 11 * UNIT
TALL, TITLED, LOW = 7 * UNIT, 5.5 * UNIT, 4 * UNIT
"""Heights of a button: the usual one, the least with a title, and the least."""
SPACING, EDGE = UNIT // 2, 2 * UNIT
ICON = 22
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


def shortcut_of(number: int) -> str:
    """Return the shortcut of the page at this index, from 0 on: Ctrl+1 to Ctrl+9, then Ctrl+0;
    empty beyond the tenth."""
    return f"Ctrl+{(number + 1) % 10}" if number < 10 else ""


class PageButton(ClickedByToggle, QToolButton):
    """A button with an icon above its title; Up and Down move to the neighbors."""

    moved = Signal(int)

    def __init__(self, entry: PageEntry, shortcut: str, theme: Theme) -> None:
        super().__init__()
        self.entry, self._theme, self._shortcut = entry, theme, shortcut
        self.setObjectName("railButton")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setIconSize(QSize(ICON, ICON))
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.toggled.connect(self._dress)
        theme.changed.connect(self._dress)
        self.announce_toggles()
        self._dress()
        keep_translated(self, self._name)

    def _name(self) -> None:
        title = self.entry.title
        self.setText(title)
        self.setAccessibleName(title)
        keys = QKeySequence(self._shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        self.setToolTip(f"{title}  ({keys})" if keys else title)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if step := _STEPS.get(Qt.Key(event.key())):
            self.moved.emit(step)
        else:
            super().keyPressEvent(event)

    @property
    def title_width(self) -> int:
        """Return the pixels that its title needs when it is checked, and so bold."""
        self.ensurePolished()
        bold = self.font()
        bold.setBold(True)
        return QFontMetrics(bold).horizontalAdvance(self.entry.title)

    def fit(self, width: int, height: int) -> None:
        """Take this size; the title is left out where there is no room for it."""
        titled = height >= TITLED * self._theme.text_scale
        styles = Qt.ToolButtonStyle
        style = styles.ToolButtonTextUnderIcon if titled else styles.ToolButtonIconOnly
        if self.toolButtonStyle() != style:
            self.setToolButtonStyle(style)
        self.setFixedSize(width, height)

    def _dress(self) -> None:
        """Update the tab order: only the current page is a tab stop; the arrows reach the
        others."""
        on = self.isChecked()
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if on else Qt.FocusPolicy.NoFocus)
        palette = self._theme.palette
        self.setIcon(icon(self.entry.glyph, palette.accent if on else palette.text_dim, ICON))


class PageRail(QScrollArea):
    """Exactly one button is checked while pages are open."""

    chosen = Signal(str)

    def __init__(self, entries: Sequence[PageEntry], theme: Theme) -> None:
        super().__init__()
        self.setObjectName("rail")
        self._theme = theme
        self.buttons: list[PageButton] = []
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        body.setObjectName("railBody")
        column = QVBoxLayout(body)
        column.setContentsMargins(UNIT // 2, EDGE, UNIT // 2, EDGE)
        column.setSpacing(SPACING)
        for number, entry in enumerate(entries):
            button = PageButton(entry, shortcut_of(number), theme)
            button.clicked.connect(lambda _=False, id=entry.id: self.chosen.emit(id))
            button.moved.connect(self._move)
            column.addWidget(button)
            self.buttons.append(button)
        column.addStretch(1)
        self.setWidget(body)
        keep_translated(self, self._name_parts)

    def _name_parts(self) -> None:
        self.setAccessibleName(self.tr("Pages"))
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:  # the titles have another size
            self._fit()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Be as wide as the longest title in the language, and no narrower than usual. Where the
        window is low all pages are shown, without titles."""
        titles = max((button.title_width for button in self.buttons), default=0) + 2 * UNIT
        width = max(round(WIDTH * self._theme.text_scale), titles)
        self.setFixedWidth(width)
        each = (self.height() - 2 * EDGE + SPACING) // max(len(self.buttons), 1) - SPACING
        height = max(LOW, min(round(TALL * self._theme.text_scale), each))
        for button in self.buttons:
            button.fit(width - UNIT, height)

    def show_chosen(self, id: str) -> None:
        """Mark the current page."""
        for button in self.buttons:
            button.setChecked(button.entry.id == id)
            if button.isChecked():
                self.ensureWidgetVisible(button)

    def focus_chosen(self) -> None:
        """Put the keys on the page on show."""
        for button in self.buttons:
            if button.isChecked():
                button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _move(self, step: int) -> None:
        """Open the neighbor; the focus stays in the rail."""
        now = next(i for i, button in enumerate(self.buttons) if button.isChecked())
        target = self.buttons[(now + step) % len(self.buttons)]
        self.show_chosen(target.entry.id)
        target.setFocus(Qt.FocusReason.OtherFocusReason)
        self.chosen.emit(target.entry.id)
