"""Draws a line of the transcript: the user's in a bubble, the avatar's as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetrics,
    QHelpEvent,
    QPainter,
    QTextCharFormat,
    QTextLayout,
    QTextLine,
    QTextOption,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from avatar_app.storage.search_words import SearchWords
from avatar_app.ui.chat.model import LINE_ROLE, Index, TranscriptLine, TranscriptSpeaker
from avatar_app.ui.language.formats import clock_text
from avatar_app.ui.style.assets import font, text_scale
from avatar_app.ui.style.shapes import rounded
from avatar_app.ui.style.theme import RADIUS, UNIT, Palette, Theme, color

TEXT_PIXELS, NAME_PIXELS, BLOCK_PIXELS = 15, 12, 13
LINE_END = "\u2028"
"""Qt's character for a new line within a paragraph."""
LINE_SPACING = 1.28
SIDE = 2 * UNIT
PADDING = 10
"""Pixels between a bubble's edge and its text."""
EDITOR_HEIGHT = 5 * UNIT
BUBBLE_SHARE = 0.82
"""Maximum width of a bubble, as a share of the list."""


@dataclass(frozen=True, slots=True)
class Place:
    """Positions of the parts of a line, relative to its row."""

    name: QRectF
    bubble: QRectF
    text: QPointF
    height: int


class ChatDelegate(QStyledItemDelegate):
    """Paints `TranscriptLine`s."""

    def __init__(self, theme: Theme, avatar: str) -> None:
        super().__init__()
        self._theme = theme
        self.avatar = avatar
        self.words = SearchWords("")
        """What was searched for; it is marked."""
        self.pointed: tuple[TranscriptLine, int] | None = None
        """A line and the number of its word from which it would be heard; it is underlined."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        width = _row_width(option)
        return QSize(width, _place(index.data(LINE_ROLE), width, text_scale()).height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line: TranscriptLine = index.data(LINE_ROLE)
        palette = self._theme.palette
        place = _place(line, option.rect.width(), text_scale())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(option.rect.topLeft())
        self._paint_ground(painter, option, line, place)
        painter.setPen(QColor(palette.text_dim))
        painter.setFont(_name_font())
        painter.drawText(place.name, _side(line) | Qt.AlignmentFlag.AlignVCenter, self._head(line))
        marks = marked(self.words.marks(_shown_text(line)), palette)
        if self.pointed is not None and self.pointed[0] == line:
            begin, end = line.answer.characters_of(self.pointed[1])
            marks.append(_range(begin, end - begin, _underline(palette)))
        formats = [*_formats(line, palette), *marks]
        _laid_out(line, _text_width(line, option.rect.width()), formats).draw(painter, place.text)
        painter.restore()

    def _paint_ground(
        self, painter: QPainter, option: QStyleOptionViewItem, line: TranscriptLine, place: Place
    ) -> None:
        palette = self._theme.palette
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if line.speaker is TranscriptSpeaker.USER:
            fill = color(palette.accent, 0.34 if selected else 0.17 if palette.dark else 0.12)
            painter.fillPath(rounded(place.bubble, RADIUS + 4), fill)
        elif selected:
            ground = place.bubble.adjusted(-PADDING, -4, PADDING, 4)
            painter.fillPath(rounded(ground, RADIUS), color(palette.accent, 0.14))

    def _head(self, line: TranscriptLine) -> str:
        """Return speaker and time, and whether the line was cut off."""
        who = self.tr("You") if line.speaker is TranscriptSpeaker.USER else self.avatar
        parts = [who, clock_text(line.at)] if line.at else [who]
        if line.interrupted:
            parts.append(self.tr("interrupted"))
        return "  ·  ".join(parts)

    def createEditor(
        self, parent: QWidget, _option: QStyleOptionViewItem, _index: Index
    ) -> QWidget:
        """In the place of the user's words."""
        editor = QLineEdit(parent)
        editor.setObjectName("correction")
        editor.setFont(_text_font())
        editor.setAccessibleName(self.tr("Correct what you said"))
        editor.setToolTip(self.tr("Enter asks again, Esc leaves it as it was."))
        return editor

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        place = _place(index.data(LINE_ROLE), option.rect.width(), text_scale())
        left, top = option.rect.left() + SIDE, option.rect.top() + round(place.bubble.top())
        height = max(EDITOR_HEIGHT, round(place.bubble.height()))
        editor.setGeometry(left, top, option.rect.width() - 2 * SIDE, height)

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return False
        at = QPointF(event.pos() - option.rect.topLeft())
        text = self.tip(index.data(LINE_ROLE), at, option.rect)
        QToolTip.showText(event.globalPos(), text, view)
        return True

    def tip(self, line: TranscriptLine, at: QPointF, rect: QRect) -> str:
        """Return the tooltip of the word at `at` (relative to the row); empty for most."""
        word = self.word_at(line, at, rect) if line.cut_off else None
        if word is None or word < line.answer.heard:
            return ""
        return self.tr("Never heard: the answer was cut off before this was spoken.")

    def word_at(self, line: TranscriptLine, at: QPointF, rect: QRect) -> int | None:
        """Return the number of the word at `at` (relative to the row)."""
        layout = _laid_out(line, _text_width(line, rect.width()))
        spot = at - _place(line, rect.width(), text_scale()).text
        for number in range(layout.lineCount()):
            row = layout.lineAt(number)
            if row.y() <= spot.y() < row.y() + row.height():
                if not 0 <= spot.x() <= row.naturalTextWidth() or not line.answer.words:
                    return None
                before = QTextLine.CursorPosition.CursorOnCharacter
                return line.answer.word_at(row.xToCursor(spot.x(), before))
        return None


def _row_width(option: QStyleOptionViewItem) -> int:
    widget = option.widget
    if isinstance(widget, QAbstractItemView):
        return widget.viewport().width()
    return option.rect.width()


def _side(line: TranscriptLine) -> Qt.AlignmentFlag:
    right = line.speaker is TranscriptSpeaker.USER
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignAbsolute  # on the side of its bubble, in every language


def _text_width(line: TranscriptLine, width: int) -> float:
    inner = width - 2 * SIDE
    if line.speaker is TranscriptSpeaker.USER:
        return inner * BUBBLE_SHARE - 2 * PADDING
    return inner


@lru_cache(maxsize=2048)
def _place(line: TranscriptLine, width: int, _scale: float) -> Place:
    """Lay out the line: names above the text; a bubble is as wide as its text. What was laid out
    for another size of text does not count."""
    layout = _laid_out(line, _text_width(line, width))
    head = QFontMetrics(_name_font()).height() + 6
    last = layout.lineAt(layout.lineCount() - 1)
    text_height = last.y() + last.height()
    widest = max(layout.lineAt(i).naturalTextWidth() for i in range(layout.lineCount()))
    top = UNIT + head
    name = QRectF(SIDE, UNIT, width - 2 * SIDE, head)
    if line.speaker is TranscriptSpeaker.AVATAR:
        bubble = QRectF(SIDE, top, width - 2 * SIDE, text_height)
        return Place(name, bubble, bubble.topLeft(), int(top + text_height + UNIT))
    bubble = QRectF(0, top + 2, widest + 2 * PADDING + 4, text_height + 2 * PADDING - 4)
    bubble.moveRight(width - SIDE)
    text = bubble.topLeft() + QPointF(PADDING + 2, PADDING - 2)
    return Place(name, bubble, text, int(bubble.bottom() + UNIT))


def _shown_text(line: TranscriptLine) -> str:
    return line.block.replace("\n", LINE_END) or line.answer.text or " "


def _laid_out(
    line: TranscriptLine, width: float, formats: Sequence[QTextLayout.FormatRange] = ()
) -> QTextLayout:
    layout = QTextLayout(_shown_text(line), _block_font() if line.block else _text_font())
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.setFormats(list(formats))  # once laid out, they would undo it
    layout.beginLayout()
    top = 0.0
    while (row := layout.createLine()).isValid():
        row.setLineWidth(max(40.0, width))
        row.setPosition(QPointF(0, top))
        top += round(row.height() * LINE_SPACING)
    layout.endLayout()
    return layout


def _formats(line: TranscriptLine, palette: Palette) -> list[QTextLayout.FormatRange]:
    heard = len(line.block) or line.answer.heard_length
    lost = QTextCharFormat()
    lost.setForeground(QColor(palette.text_faint))
    lost.setFontStrikeOut(line.cut_off)
    said = QTextCharFormat()
    said.setForeground(QColor(palette.text))
    rest = 0 if line.block else len(line.answer.text) - heard
    return [_range(0, heard, said), _range(heard, rest, lost)]


def marked(marks: Iterable[tuple[int, int]], palette: Palette) -> list[QTextLayout.FormatRange]:
    """What was found stands on the accent's color."""
    found = QTextCharFormat()
    found.setBackground(color(palette.accent, 0.4 if palette.dark else 0.25))
    return [_range(start, end - start, found) for start, end in marks]


def _underline(palette: Palette) -> QTextCharFormat:
    style = QTextCharFormat()
    style.setForeground(QColor(palette.focus))
    style.setFontUnderline(True)
    return style


def _range(start: int, length: int, style: QTextCharFormat) -> QTextLayout.FormatRange:
    result = QTextLayout.FormatRange()
    result.start, result.length, result.format = start, length, style
    return result


def _text_font() -> QFont:
    return font(TEXT_PIXELS)


def _block_font() -> QFont:
    """Return a monospaced font, for code and tables."""
    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    fixed.setPixelSize(round(BLOCK_PIXELS * text_scale()))
    return fixed


def _name_font() -> QFont:
    return font(NAME_PIXELS, QFont.Weight.Medium)
