"""Captions at the foot of the portrait: heard words bright, upcoming ones dim."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QWidget

from avatar_app.ui.chat.spoken_words import Answer
from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.style.assets import font, unscaled_font
from avatar_app.ui.style.theme import UNIT

LINES = 3
"""Visible lines of an answer."""
SMALL = 340
"""Pixels of width below which text is smaller, and less of it: the face is small, too."""
WIDEST = 720
"""Pixels: longer lines are hard to read."""
DOT = "\u00a0\u00a0\u00a0·\u00a0\u00a0\u00a0"
"""Between the parts of a hint."""
HEARD, UNHEARD, OTHERS = "#ffffffff", "#7affffff", "#d9ffffff"
UNHEARD_STRONG = "#b8ffffff"


@dataclass(frozen=True, slots=True)
class Caption:
    """A displayed text."""

    text: str = ""
    heard: int = 0
    """Number of bright characters."""
    by_user: bool = False
    hint: str = ""
    """A smaller line below."""


class Captions(QWidget):
    """Paints one caption; computes the layout only when the text changes."""

    scrim_moved = Signal(float)
    """Emitted with the top of the area that must be darker for readable text; negative: nowhere."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        keep_translated(self, lambda: self.setAccessibleName(self.tr("Captions")))
        self.caption = Caption()
        self._words_shown, self._scale, self._unheard = True, 1.0, UNHEARD
        self._drawn: QPixmap | None = None
        self._drawn_top = 0

    def show_answer(self, answer: Answer) -> None:
        """Show the avatar's words."""
        self._show(Caption(answer.text, answer.heard_length))

    def show_user(self, text: str) -> None:
        """Show the user's words, as far as they were recognized."""
        self._show(Caption(text, len(text), by_user=True))

    def show_hint(self, text: str, hint: str) -> None:
        """Show a friendly hint while nobody speaks."""
        self._show(Caption(text, len(text), hint=hint))

    def adapt(self, *, words: bool, scale: float, strong: bool) -> None:
        """Show spoken words or only hints, `scale` times as large, with high contrast or not."""
        self._words_shown, self._scale = words, scale
        self._unheard = UNHEARD_STRONG if strong else UNHEARD
        self._redraw()

    def clear(self) -> None:
        self._show(Caption())

    def _show(self, caption: Caption) -> None:
        if caption != self.caption:
            self.caption = caption
            self.setAccessibleDescription(caption.text)
            self._redraw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._redraw()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._redraw()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._drawn is None:
            return
        painter = QPainter(self)
        painter.drawPixmap(0, self._drawn_top, self._drawn)
        painter.end()

    def _redraw(self) -> None:
        """Render the text once, for all repaints, and emit its height."""
        self._drawn = None
        if self._is_shown and not self.size().isEmpty():
            picture, top = self._draw()
            self._keep(picture, max(0, int(top) - UNIT))
            self.scrim_moved.emit(top)
        else:
            self.scrim_moved.emit(-1.0)
        self.update()

    @property
    def _is_shown(self) -> bool:
        return bool(self.caption.text) and (self._words_shown or bool(self.caption.hint))

    def _keep(self, picture: QPixmap, top: int) -> None:
        """The part of a picture of the whole widget that is not empty: what is, takes time too."""
        scale = picture.devicePixelRatio()
        above = round(top * scale)
        self._drawn = picture.copy(0, above, picture.width(), picture.height() - above)
        self._drawn_top = top

    def _draw(self) -> tuple[QPixmap, float]:
        scale = self.devicePixelRatioF()
        picture = QPixmap(self.size() * scale)
        picture.setDevicePixelRatio(scale)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        bottom: float = self.height() - (2 if self._is_small else 3) * UNIT
        hint = hint_lines(self.caption.hint, font(14), self._measure)
        small = _laid_out("\u2028".join(hint), font(14), self._measure, (OTHERS, OTHERS))
        bottom -= _height(small) + (UNIT if self.caption.hint else 0)
        layout = self._main_layout()
        lines = LINES - 1 if self._is_small else LINES
        first, last = _lines_in_sight(layout, self.caption, lines)
        top = bottom - _span(layout, first, last)
        _paint_lines(painter, layout, first, last, QPointF(self._left, top))
        _paint_lines(painter, small, 0, small.lineCount(), QPointF(self._left, bottom + UNIT))
        painter.end()
        return picture, top

    def _main_layout(self) -> QTextLayout:
        by_user = self.caption.by_user
        pixels = 24 if self.width() > 640 and not by_user else 15 if self._is_small else 19
        weight = QFont.Weight.Normal if by_user else QFont.Weight.Medium
        large = unscaled_font(round(pixels * self._scale), weight)
        shades = (OTHERS if by_user else HEARD, self._unheard)
        return _laid_out(self.caption.text, large, self._measure, shades, self.caption.heard)

    @property
    def _measure(self) -> float:
        return min(WIDEST, self.width() - (4 if self._is_small else 8) * UNIT)

    @property
    def _is_small(self) -> bool:
        return self.width() < SMALL

    @property
    def _left(self) -> float:
        return (self.width() - self._measure) / 2


def hint_lines(hint: str, face: QFont, width: float) -> list[str]:
    """Break a hint between its parts, which dots separate where they share a line."""
    metrics, lines = QFontMetricsF(face), list[str]()
    for part in hint.split(DOT.strip()):
        longer = DOT.join((*lines[-1:], part.strip()))
        if lines and metrics.horizontalAdvance(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(part.strip())
    return lines


def _laid_out(
    text: str, face: QFont, width: float, shades: tuple[str, str], heard: int | None = None
) -> QTextLayout:
    """Break `text` into lines; `shades` are those of its heard part and of the rest."""
    layout = QTextLayout(text, face)
    option = QTextOption(Qt.AlignmentFlag.AlignHCenter)
    option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # the text's, not the window's
    layout.setTextOption(option)
    bright = len(text) if heard is None else heard
    layout.setFormats([_range(0, bright, shades[0]), _range(bright, len(text) - bright, shades[1])])
    layout.beginLayout()
    top = 0.0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        line.setPosition(QPointF(0, top))
        top += round(line.height() * 1.22)
    layout.endLayout()
    return layout


def _range(start: int, length: int, shade: str) -> QTextLayout.FormatRange:
    result = QTextLayout.FormatRange()
    result.start, result.length = start, length
    result.format = QTextCharFormat()
    result.format.setForeground(QColor(shade))
    return result


def _lines_in_sight(layout: QTextLayout, caption: Caption, lines: int) -> tuple[int, int]:
    """Return the spoken line with one before it and those that follow; for the user's words, the
    last lines."""
    count = layout.lineCount()
    if caption.by_user:
        return max(0, count - lines), count
    current = layout.lineForTextPosition(min(caption.heard, max(0, len(caption.text) - 1)))
    first = max(0, min(current.lineNumber() - 1, count - lines))
    return first, min(count, first + lines)


def _span(layout: QTextLayout, first: int, last: int) -> float:
    if first >= last:
        return 0.0
    end = layout.lineAt(last - 1)
    return end.y() + end.height() - layout.lineAt(first).y()


def _height(layout: QTextLayout) -> float:
    return _span(layout, 0, layout.lineCount()) if layout.text() else 0.0


def _paint_lines(
    painter: QPainter, layout: QTextLayout, first: int, last: int, at: QPointF
) -> None:
    if first >= last or not layout.text():
        return
    start = layout.lineAt(first).y()
    painter.save()
    clip = QRectF(0, at.y() - 2, painter.device().width(), _span(layout, first, last) + 4)
    painter.setClipRect(clip)
    layout.draw(painter, at - QPointF(0, start))
    painter.restore()
