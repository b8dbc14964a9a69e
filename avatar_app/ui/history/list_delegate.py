"""Draws a row of the list of conversations: title, time, and the passage with its marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPen,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from avatar_app.ui.chat.delegate import marked
from avatar_app.ui.history.list_model import ROW_ROLE, ConversationRow, Index
from avatar_app.ui.language.translator import is_right_to_left
from avatar_app.ui.style.assets import Glyph, font, pixmap, text_scale
from avatar_app.ui.style.shapes import rounded
from avatar_app.ui.style.theme import RADIUS, UNIT, Theme

HEADING, TITLE, PASSAGE_LINE = 4 * UNIT, 5 * UNIT, 17
"""Pixels of height: of a heading, of a title with all margins, of a line of a passage."""
SIDE = 12
PIN = 14
LINES = 2
"""Of a passage."""


class ConversationDelegate(QStyledItemDelegate):
    """Paints `ConversationRow`s and headings."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row, widget = index.data(ROW_ROLE), option.widget
        width = widget.viewport().width() if isinstance(widget, QListView) else option.rect.width()
        if isinstance(row, str):
            return QSize(width, round(HEADING * text_scale()))
        advance = QFontMetricsF(font(13)).horizontalAdvance(row.summary.passage.text)
        lines = 1 if advance <= width - 2 * SIDE else LINES
        return QSize(width, round((TITLE + PASSAGE_LINE * lines) * text_scale()))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(row, str):
            self._paint_heading(painter, option.rect, row)
        else:
            self._paint_ground(painter, option)
            self._paint_row(painter, option.rect, row)
        painter.restore()

    def _paint_heading(self, painter: QPainter, rect: QRect, title: str) -> None:
        painter.setFont(font(12, QFont.Weight.DemiBold))
        painter.setPen(QColor(self._theme.palette.text_dim))
        bottom = rect.adjusted(SIDE, 0, -SIDE, -4)
        painter.drawText(bottom, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, title)

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        palette, state = self._theme.palette, option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        ground = QRectF(option.rect).adjusted(1, 1, -1, -1)
        if selected or hovered:
            fill = palette.surface if selected else palette.raised
            painter.fillPath(rounded(ground, RADIUS), QColor(fill))
        if selected:
            focused = bool(state & QStyle.StateFlag.State_HasFocus)
            pen = QPen(QColor(palette.focus if focused else palette.border), 2 if focused else 1)
            painter.strokePath(rounded(ground, RADIUS), pen)

    def _paint_row(self, painter: QPainter, rect: QRect, row: ConversationRow) -> None:
        palette, summary = self._theme.palette, row.summary
        inside = QRectF(rect).adjusted(SIDE, 9, -SIDE, -8)
        time_font, title_font = font(12), font(14, QFont.Weight.DemiBold)
        painter.setFont(time_font)
        painter.setPen(QColor(palette.text_dim))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        painter.drawText(inside.adjusted(0, 2, 0, 0), right, row.when)
        taken = QFontMetricsF(time_font).horizontalAdvance(row.when) + UNIT
        if summary.pinned:
            taken += PIN + 2
            picture = pixmap(Glyph.PIN, palette.accent, PIN, painter.device().devicePixelRatioF())
            left = inside.right() - taken + 4
            if is_right_to_left():
                left = inside.left() + taken - 4 - PIN
            painter.drawPixmap(QPointF(left, inside.top() + 2), picture)
        top, below = inside.topLeft(), inside.topLeft() + QPointF(0, 22 * text_scale())
        if is_right_to_left():
            top += QPointF(taken, 0)
        self._paint_text(
            painter, top, inside.width() - taken, summary.title, summary.title_marks, title_font, 1
        )
        passage = summary.passage
        self._paint_text(
            painter, below, inside.width(), passage.text, passage.marks, font(13), LINES
        )

    def _paint_text(
        self,
        painter: QPainter,
        at: QPointF,
        width: float,
        text: str,
        marks: Iterable[tuple[int, int]],
        face: QFont,
        lines: int,
    ) -> None:
        """At most so many lines; the last one ends with an ellipsis where there would be more."""
        palette = self._theme.palette
        painter.setPen(QColor(palette.text if lines == 1 else palette.text_dim))
        text = _shortened(text, face, width, lines)
        within = [(start, min(end, len(text))) for start, end in marks if start < len(text)]
        _laid_out(text, face, width, lines, marked(within, palette)).draw(painter, at)


def _laid_out(
    text: str,
    face: QFont,
    width: float,
    lines: int,
    formats: Sequence[QTextLayout.FormatRange] = (),
) -> QTextLayout:
    layout = QTextLayout(text, face)
    layout.setFormats(formats)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    top = 0.0
    for _ in range(lines):
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(max(40.0, width))
        line.setPosition(QPointF(0, top))
        top += line.height() + 1
    layout.endLayout()
    return layout


def _shortened(text: str, face: QFont, width: float, lines: int) -> str:
    """As much of `text` as fits."""
    layout = _laid_out(text, face, width, lines)
    last = layout.lineAt(layout.lineCount() - 1)
    if layout.lineCount() < lines or last.textStart() + last.textLength() >= len(text):
        return text
    rest = text[last.textStart() :]
    metrics = QFontMetricsF(face)
    cut = metrics.elidedText(rest, Qt.TextElideMode.ElideRight, max(40.0, width))
    return text[: last.textStart()] + cut
