"""Level meters: bars that rise at once and fall gently."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.style.shapes import rounded
from avatar_app.ui.style.theme import Theme, color
from avatar_app.ui.widgets.loudness import loudness

FALL = 0.82
"""Decay of a level after each report."""
SPEECH = 0.5
"""Speech probability from which the color of listening is used."""
STEPS = 40
"""Number of distinguishable levels; finer changes repaint nothing."""


class LevelMeter(QWidget):
    """A microphone's level as a row of bars; colored while it hears speech."""

    stepped = Signal()
    """The picture changed."""

    def __init__(self, theme: Theme, bars: int, height: int, *, wide: bool = False) -> None:
        super().__init__()
        self._theme, self._bars, self._wide = theme, bars, wide
        self.level = 0.0
        self._speech = False
        self._muted = False
        keep_translated(self, lambda: self.setAccessibleName(self.tr("Microphone level")))
        if wide:
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self.setFixedHeight(height)
        else:
            self.setFixedSize(bars * 5 - 2, height)
        theme.changed.connect(self.update)

    def show_level(self, db: float, speech_probability: float) -> None:
        """Show one report of the microphone."""
        before = self._shown
        self.level = max(loudness(db), self.level * FALL)
        if self.level < 0.5 / STEPS:
            self.level = 0.0
        self._speech = speech_probability >= SPEECH
        if self._shown != before:
            self.update()
            self.stepped.emit()

    def show_muted(self, *, muted: bool) -> None:
        self._muted = muted
        self.update()

    @property
    def _shown(self) -> tuple[int, bool]:
        return round(self.level * STEPS), self._speech

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self._wide:
            self._paint_row(painter)
        else:
            self._paint_equaliser(painter)
        painter.end()

    def _shade(self, *, lit: bool) -> str:
        palette = self._theme.palette
        if not lit or self._muted:
            return palette.border if self._wide else palette.text_faint
        return palette.listening if self._speech else palette.text_faint

    def _paint_row(self, painter: QPainter) -> None:
        pitch = self.width() / self._bars
        for bar in range(self._bars):
            box = QRectF(bar * pitch, 0, pitch - 3, self.height())
            lit = self.level * self._bars > bar + 0.25
            painter.fillPath(rounded(box, 2), color(self._shade(lit=lit)))

    def _paint_equaliser(self, painter: QPainter) -> None:
        middle = (self._bars - 1) / 2
        for bar in range(self._bars):
            weight = 1.0 - 0.55 * abs(bar - middle) / max(middle, 1)
            level = 0.0 if self._muted else self.level
            tall = 3 + (self.height() - 3) * level * weight
            box = QRectF(bar * 5, (self.height() - tall) / 2, 3, tall)
            painter.fillPath(rounded(box, 1.5), color(self._shade(lit=level > 0)))
