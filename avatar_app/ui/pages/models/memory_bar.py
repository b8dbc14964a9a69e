"""A bar of the memory: other programs, each chosen engine, and what is left up to the limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from avatar_app.ui.style.assets import font, text_scale
from avatar_app.ui.style.theme import UNIT, Theme

BAR = 14
DOT = 8
LEGEND = 22


@dataclass(frozen=True, slots=True)
class MemorySegment:
    """A stretch of the bar. `shade` names a color of the palette."""

    title: str
    size: str
    share: float
    """Of all memory."""
    shade: str


class MemoryBar(QWidget):
    """Painted, with a legend that wraps; a screen reader gets it as one sentence."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._segments: tuple[MemorySegment, ...] = ()
        self._limit = 1.0
        self.setAccessibleName(self.tr("Memory"))
        self.setFont(font(13))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._fit)
        theme.changed.connect(self.update)

    def show_segments(self, segments: Sequence[MemorySegment], limit: float) -> None:
        """`limit`: share of all memory above which idle engines leave."""
        self._segments, self._limit = tuple(segments), limit
        text = ", ".join(f"{each.title} {each.size}" for each in segments)
        self.setAccessibleDescription(text)
        self.setToolTip(text)
        self._fit()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(
            40 * UNIT,
            BAR + UNIT + round(LEGEND * text_scale()) * len(self._lines(max(self.width(), 1))),
        )

    def resizeEvent(self, _event: object) -> None:
        self._fit()

    def _fit(self) -> None:
        height = self.sizeHint().height()
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)

    def _label(self, segment: MemorySegment) -> str:
        return f"{segment.title}  {segment.size}"

    def _lines(self, width: int) -> list[list[MemorySegment]]:
        metrics = QFontMetrics(self.font())
        lines: list[list[MemorySegment]] = []
        left = 0
        for segment in self._segments:
            needed = DOT + UNIT + metrics.horizontalAdvance(self._label(segment)) + 2 * UNIT
            if not lines or needed > left:
                lines.append([])
                left = width
            lines[-1].append(segment)
            left -= needed
        return lines

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self._theme.palette
        ground = QRectF(0, 0, self.width(), BAR)
        outline = QPainterPath()
        outline.addRoundedRect(ground, BAR / 2, BAR / 2)
        painter.fillPath(outline, QColor(palette.raised))
        painter.save()
        painter.setClipPath(outline)
        x = 0.0
        for segment in self._segments:
            wide = segment.share * self.width()
            if segment.shade:
                shade = QColor(getattr(palette, segment.shade))
                painter.fillRect(QRectF(x, 0, max(wide - 1, 1), BAR), shade)
            x += wide
        painter.restore()
        at = round(self._limit * self.width()) + 0.5
        painter.setPen(QPen(QColor(palette.text_dim), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QRectF(at, 0, 0, BAR).topLeft(), QRectF(at, 0, 0, BAR).bottomLeft())
        self._paint_legend(painter)
        painter.end()

    def _paint_legend(self, painter: QPainter) -> None:
        palette, metrics = self._theme.palette, QFontMetrics(self.font())
        top, tall = BAR + UNIT, round(LEGEND * text_scale())
        for line in self._lines(self.width()):
            x = 0
            for segment in line:
                shade = QColor(getattr(palette, segment.shade or "raised"))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(shade)
                painter.drawEllipse(QRectF(x, top + (tall - DOT) / 2, DOT, DOT))
                painter.setPen(QColor(palette.text_dim))
                wide = metrics.horizontalAdvance(self._label(segment))
                place = QRectF(x + DOT + UNIT, top, wide + 2, tall)
                painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, self._label(segment))
                x += DOT + UNIT + wide + 2 * UNIT
            top += tall
