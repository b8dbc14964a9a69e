"""The portrait widget: shows the newest frame, and the light of the current state around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from PySide6.QtCore import QElapsedTimer, QEvent, QPointF, QRect, QRectF, QSizeF, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QLinearGradient,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from avatar_app.core.events import AudioLevels, State
from avatar_app.core.values import VideoFrame
from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.portrait.canvas import Canvas
from avatar_app.ui.portrait.glow import (
    CORNER,
    REACH,
    draw_comet,
    draw_glow,
    draw_mask,
    draw_ring,
)
from avatar_app.ui.portrait.state_light import Light, StateLight
from avatar_app.ui.style.assets import Glyph, pixmap
from avatar_app.ui.style.shapes import rounded
from avatar_app.ui.style.theme import CONTROL, UNIT, Palette, Theme, color

LOOK_EVERY_MS = 16
"""Interval of polling for new frames: twice the frame rate, so that none is late or missed."""
UNSEEN_MS = 250
"""Interval of checking whether the portrait is visible, while it is not."""
LIGHT_EVERY_MS = 45
"""Interval of light updates without new frames: less often than frames, to avoid repainting
twice."""
SOFT = 88
"""Pixels above a text over which the portrait gets gradually darker."""
SCRIM = ((0.0, 0.0), (0.25, 0.20), (0.5, 0.50), (1.0, 0.78))
"""Positions and opacities of that gradient."""
BADGE = CONTROL
"""Size of the muted microphone badge."""


class PortraitView(QWidget):
    """Shows the newest frame, cropped to fill. Never blocks: `newest` returns at once; `next_in`
    returns the seconds until the next frame can exist."""

    def __init__(
        self, newest: Callable[[], VideoFrame | None], next_in: Callable[[], float], theme: Theme
    ) -> None:
        super().__init__()
        self.light = StateLight()
        self._newest, self._next_in = newest, next_in
        self._theme = theme
        self._frame: VideoFrame | None = None
        self._canvas = Canvas()
        self._clock = QElapsedTimer()
        self._clock.start()
        self.badge_left = float(REACH + 2 * UNIT)
        """Left edge of the free space for the muted microphone badge, in pixels."""
        self._scrim_top: float | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 13 * UNIT)
        self._awaited = ""
        keep_translated(self, self._describe)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._look_again)
        self._timer.start(LOOK_EVERY_MS)
        self._stopped = self._unseen = False
        theme.changed.connect(self.update)

    @property
    def portrait(self) -> QRectF:
        """Return the area of the picture, in the widget's coordinates."""
        return QRectF(self.rect()).adjusted(REACH, REACH, -REACH, -REACH)

    @property
    def is_seen(self) -> bool:
        """Whether the portrait can be visible: the window is not hidden, minimized or covered."""
        window = self.window()
        handle = window.windowHandle()
        exposed = handle is not None and handle.isExposed()
        return exposed and self.isVisible() and not window.isMinimized()

    def show_state(self, state: State) -> None:
        self.light.state = state
        self._describe()
        self._wake()

    def show_muted(self, *, muted: bool) -> None:
        self.light.muted = muted
        self._describe()
        self._wake()

    def show_awaited(self, phrase: str) -> None:
        """Describe what the avatar waits for while it rests."""
        self._awaited = phrase
        self._describe()

    def show_level(self, heard: AudioLevels) -> None:
        self.light.microphone_db = heard.microphone_db
        self.light.playback_db = heard.playback_db

    def darken_below(self, top: float | None) -> None:
        """Darken the portrait's foot, so that text from `top` on is readable."""
        self._scrim_top = top
        self.update()

    def stop(self) -> None:
        """Stop polling for frames."""
        self._stopped = True
        self._timer.stop()

    def look(self) -> None:
        """Get the newest frame; repaint what has changed, and the light if it moves."""
        if not self.is_seen:
            return
        frame = self._newest()
        fresh = frame is not None and frame is not self._frame
        if fresh and frame is not None:
            self._frame = frame
            self.update(self._taken(frame))
        if self.light.moving and (fresh or self._clock.hasExpired(LIGHT_EVERY_MS)):
            self._move_light()

    def _look_again(self) -> None:
        self.look()
        self._timer.start(self._patience_ms())

    def _patience_ms(self) -> int:
        """Return how long nothing new can be expected."""
        self._unseen = not self.is_seen
        if self._unseen:
            return UNSEEN_MS
        if self.light.state is not State.IDLE or self.light.moving:
            return LOOK_EVERY_MS
        return min(max(LOOK_EVERY_MS, round(self._next_in() * 1000)), UNSEEN_MS)

    def _wake(self) -> None:
        """Poll again soon."""
        if not self._stopped and self._timer.remainingTime() > LOOK_EVERY_MS:
            self._timer.start(LOOK_EVERY_MS)

    def _move_light(self) -> None:
        muted = self.light.weights[Light.MUTED]
        self.light.advance(min(0.1, self._clock.restart() / 1000))
        if self.light.weights[Light.MUTED] != muted:
            self.update()  # it darkens the whole portrait
        else:
            self.update(QRegion(self.rect()) - _inside(self.portrait))

    def _taken(self, frame: VideoFrame) -> QRect:
        """Scale a picture for the screen; where it is new, in the widget's pixels: one rectangle,
        as Qt copies a picture into that several times faster than into many."""
        scale, corner = self.devicePixelRatioF(), self.portrait.topLeft()
        moved = self._canvas.show(frame.image, (self.portrait.size() * scale).toSize())
        self._canvas.picture.setDevicePixelRatio(scale)
        part = reduce(QRect.united, moved, QRect())
        place = QRectF(QPointF(part.topLeft()) / scale, QSizeF(part.size()) / scale)
        return place.translated(corner).toAlignedRect() if moved else QRect()

    def _describe(self) -> None:
        self.setAccessibleName(self.tr("Portrait"))
        awaited = self.tr("Resting until you say “{phrase}”").format(phrase=self._awaited)
        texts = {
            None: awaited if self._awaited else self.tr("Resting"),
            Light.LISTENING: self.tr("Listening"),
            Light.THINKING: self.tr("Thinking"),
            Light.SPEAKING: self.tr("Speaking"),
            Light.MUTED: self.tr("The microphone is muted"),
        }
        self.setAccessibleDescription(texts[self.light.target])

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._unseen:
            self._wake()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self._theme.palette
        self._paint_portrait(painter, palette)
        if not _inside(self.portrait).contains(event.rect()):
            draw_mask(painter, self.portrait, palette.page, palette.border)
            self._paint_light(painter, palette)
        self._paint_badge(painter)
        painter.end()

    def _paint_portrait(self, painter: QPainter, palette: Palette) -> None:
        target = self.portrait
        if self._frame is None:
            backdrop = QLinearGradient(target.topLeft(), target.bottomRight())
            backdrop.setColorAt(0.0, QColor(palette.raised))
            backdrop.setColorAt(1.0, QColor(palette.surface))
            painter.fillRect(target, backdrop)
            return
        painter.drawImage(target, self._canvas.picture)
        if self._scrim_top is not None:
            _paint_scrim(painter, target, self._scrim_top)
        if (muted := self.light.weights[Light.MUTED]) > 0.01:
            painter.fillRect(target, color("#0e1014", 0.38 * muted))

    def _paint_light(self, painter: QPainter, palette: Palette) -> None:
        for light in Light:
            strength = self.light.strength(light)
            if strength < 0.01:
                continue
            shade = getattr(palette, light)
            draw_glow(painter, self.portrait, shade, strength)
            if light is Light.THINKING and not self.light.still:
                draw_comet(painter, self.portrait, shade, self.light.orbit, strength * 2)
            else:
                draw_ring(painter, self.portrait, shade, min(1.0, strength + 0.15))

    def _paint_badge(self, painter: QPainter) -> None:
        """Paint a struck-through microphone next to the name while it is muted."""
        weight = self.light.weights[Light.MUTED]
        if weight < 0.01:
            return
        box = QRectF(self.badge_left, REACH + 2 * UNIT, BADGE, BADGE)
        painter.setOpacity(weight)
        painter.fillPath(rounded(box, BADGE / 2), color("#0e1014", 0.62))
        scale = self.devicePixelRatioF()
        painter.drawPixmap(
            box.adjusted(9, 9, -9, -9).topLeft(),
            pixmap(Glyph.MICROPHONE_OFF, "#ffffff", BADGE - 18, scale),
        )
        painter.setOpacity(1.0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._take_again()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._take_again()
        super().changeEvent(event)

    def _take_again(self) -> None:
        if self._frame is not None:
            self._taken(self._frame)
        self.update()


def _inside(portrait: QRectF) -> QRect:
    """Where neither the frame around the portrait nor its light can be seen."""
    return portrait.toRect().adjusted(CORNER, CORNER, -CORNER, -CORNER)


def _paint_scrim(painter: QPainter, target: QRectF, top: float) -> None:
    """Paint the gradient from well above the text."""
    area = QRectF(target)
    area.setTop(max(target.top(), top - SOFT))
    scrim = QLinearGradient(area.topLeft(), area.bottomLeft())
    for position, alpha in SCRIM:
        scrim.setColorAt(position, color("#0b0c10", alpha))
    painter.fillRect(area, scrim)
