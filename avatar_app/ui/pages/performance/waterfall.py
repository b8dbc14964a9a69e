"""A turn drawn as a waterfall: a bar for each stage over the usual times in gray."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from avatar_app.performance.turn_report import StageBar, WaitStage
from avatar_app.ui.language.formats import number_text
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.performance.words import PerformanceWords, shown_time
from avatar_app.ui.style.assets import font
from avatar_app.ui.style.theme import UNIT, Theme

ROW = 32
AXIS = 24
NAMES = 13 * UNIT
"""Least width of the column of names."""
TIMES = 9 * UNIT
"""Width of the column of times."""
_STEPS_MS = (50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000)
_MOST_TICKS = 7
_SHADES = {
    WaitStage.END_OF_TURN: "muted",
    WaitStage.RECOGNITION: "listening",
    WaitStage.FIRST_TOKEN: "accent",
    WaitStage.VOICE: "speaking",
    WaitStage.FACE: "danger",
    WaitStage.DEVICE: "text_dim",
}


class TurnWaterfall(QWidget):
    """Painted; a screen reader gets it as one sentence for each stage."""

    def __init__(self, theme: Theme, words: PerformanceWords) -> None:
        super().__init__()
        self._theme, self._words = theme, words
        self._bars: tuple[StageBar, ...] = ()
        self.setFont(font(13))
        self.setAccessibleName(self.tr("Stages of the turn"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_bars(self, bars: Sequence[StageBar]) -> None:
        """Replace the bars."""
        self._bars = tuple(bars)
        self.setAccessibleDescription(". ".join(self._words.bar(bar) for bar in bars))
        self.setVisible(bool(bars))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(50 * UNIT, ROW * len(self._bars) + AXIS)

    def minimumSizeHint(self) -> QSize:
        return QSize(40 * UNIT, self.sizeHint().height())

    def event(self, event: object) -> bool:
        """Show the sentence of the stage under the pointer."""
        if isinstance(event, QHelpEvent):
            row = event.pos().y() // ROW
            if 0 <= row < len(self._bars):
                bar = self._bars[row]
                text = f"{self._words.about(bar.stage)}\n{self._words.bar(bar)}"
                QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)  # type: ignore[arg-type]

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        end = max((_end(bar) for bar in self._bars), default=0.0) or 1.0
        self._paint_axis(painter, end)
        for number, bar in enumerate(self._bars):
            self._paint_bar(painter, number, bar, end)
        painter.end()

    @property
    def _names(self) -> int:
        """Width of the column of names, in any language."""
        metrics = self.fontMetrics()
        names = (self._words.stage(bar.stage) for bar in self._bars)
        widest = max(map(metrics.horizontalAdvance, names), default=0)
        return max(NAMES, widest + 2 * UNIT)

    def _x(self, ms: float, end: float) -> float:
        return self._names + (self.width() - self._names - TIMES) * ms / end

    def _paint_axis(self, painter: QPainter, end: float) -> None:
        palette = self._theme.palette
        step = next((each for each in _STEPS_MS if end / each <= _MOST_TICKS), _STEPS_MS[-1])
        bottom = ROW * len(self._bars)
        for tick in range(0, int(end) + 1, step):
            x = round(self._x(tick, end)) + 0.5
            painter.setPen(QPen(QColor(palette.border), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, bottom))
            painter.setPen(QColor(palette.text_dim))
            place = QRectF(x - 40, bottom, 80, AXIS)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, _tick(tick))

    def _paint_bar(self, painter: QPainter, number: int, bar: StageBar, end: float) -> None:
        palette, top = self._theme.palette, ROW * number
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        painter.setPen(QColor(palette.text))
        name = QRectF(0, top, self._names - UNIT, ROW)
        painter.drawText(name, middle, self._words.stage(bar.stage))
        painter.setPen(Qt.PenStyle.NoPen)
        left = self._x(bar.start_ms, end)
        if bar.usual is not None:
            gray = QColor(palette.text_faint)
            gray.setAlphaF(0.25)
            painter.setBrush(gray)
            painter.drawRoundedRect(self._stretch(left, bar, bar.usual.p95_ms, end, top, 20), 5, 5)
            gray.setAlphaF(0.5)
            painter.setBrush(gray)
            painter.drawRoundedRect(self._stretch(left, bar, bar.usual.p50_ms, end, top, 20), 5, 5)
        if bar.ms:
            painter.setBrush(QColor(getattr(palette, _SHADES[bar.stage])))
            painter.drawRoundedRect(self._stretch(left, bar, bar.ms, end, top, 8), 4, 4)
        shown = bar.ms or (bar.usual.p50_ms if bar.usual else 0.0)
        painter.setPen(QColor(palette.text_dim))
        place = QRectF(self.width() - TIMES, top, TIMES, ROW)
        painter.drawText(place, middle | Qt.AlignmentFlag.AlignRight, shown_time(shown))

    def _stretch(
        self, left: float, bar: StageBar, ms: float, end: float, top: int, height: int
    ) -> QRectF:
        right = self._x(bar.start_ms + ms, end)
        return QRectF(left, top + (ROW - height) / 2, max(right - left, 3.0), height)


def _end(bar: StageBar) -> float:
    """Where the bar, or the usual one behind it, ends."""
    return max(bar.end_ms, bar.start_ms + (bar.usual.p95_ms if bar.usual else 0.0))


def _tick(ms: int) -> str:
    """A time on the axis, in as few digits as it needs."""
    decimals = 0 if ms % 1000 == 0 else 1 if ms % 100 == 0 else 2
    return translated("{0} s").replace("{0}", number_text(ms / 1000, decimals))
