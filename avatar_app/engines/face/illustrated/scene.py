"""Renders a character's poses at one size: a cached background, and the moving parts."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import skia

from avatar_app.core.values import Image
from avatar_app.engines.face.animation.pose import Expression, Mouth, Pose
from avatar_app.engines.face.illustrated.backdrop import paint_backdrop
from avatar_app.engines.face.illustrated.bending import Bending, Frame, framed
from avatar_app.engines.face.illustrated.character import Character, Painter
from avatar_app.engines.face.illustrated.eyes import paint_brows, paint_eyes
from avatar_app.engines.face.illustrated.mouth import paint_mouth

_LIVELY = (-86.0, -74.0, 86.0, 140.0)
"""The area repainted in each frame: left, top, right and bottom, in the character's units."""
_MOUTH_STEPS, _MOOD_STEPS = 256, 48
"""Quantization steps per unit of a mouth's and of an expression's parameters."""
_EVERYWHERE = (-1e4, -1e4, 1e4, 1e4)
"""Larger than any character."""


_Features = tuple[Mouth, Expression, float]


class _Layer:
    """A part of the face on nothing, as it was painted last."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._surface = skia.Surface(shape[1], shape[0])
        self._shown: object = None
        self._image = self._surface.makeImageSnapshot()

    def painted(self, shown: object, paint: Painter) -> skia.Image:
        """Return its picture; painted if it does not show `shown` yet."""
        if shown != self._shown:
            canvas = self._surface.getCanvas()
            canvas.clear(skia.ColorTRANSPARENT)
            paint(canvas)
            self._image, self._shown = self._surface.makeImageSnapshot(), shown
        return self._image


class Scene:
    """Renders poses at a fixed size; `paint` may be called from any thread."""

    def __init__(
        self, character: Character, backdrop: str, width: int, height: int, zoom: float = 1.0
    ) -> None:
        self._character = character
        self._strokes = _recorded(character.paint_fringe)
        self._frame = framed(width, height, zoom)
        self._bending = Bending(self._frame)
        self._lock = threading.Lock()
        still = self._painted_still(backdrop)
        self._box = _pixels(_LIVELY, self._frame)
        self._still = _cut(still, self._box)
        self._fringe = self._painted_fringe()
        self._features: _Features | None = None
        self._pixels = self._still.copy()
        self._surface = _surface(self._pixels)
        self._mouth, self._eyes, self._brows = (_Layer(self._still.shape) for _ in range(3))
        self._sheet: Image = np.asarray(cv2.cvtColor(still, cv2.COLOR_BGRA2RGB), np.uint8)

    def paint(self, pose: Pose) -> Image:
        """Render `pose`, shape (height, width, 3), RGB."""
        with self._lock:
            if (features := _features(pose)) != self._features:
                self._paint_features(features)
                self._features = features
                left, top, right, bottom = self._box
                self._sheet[top:bottom, left:right] = cv2.cvtColor(self._pixels, cv2.COLOR_BGRA2RGB)
            picture = self._sheet.copy()
            columns = self._bending.columns
            self._bending.bend(self._sheet[:, columns], pose, picture[:, columns])
        return picture

    def _paint_features(self, features: _Features) -> None:
        """Of the layers, only those are painted whose part of the features has changed."""
        mouth, mood, blink = features
        who, canvas = self._character, self._surface.getCanvas()
        layers = (
            self._mouth.painted(
                (mouth, mood.smile),
                self._placed(lambda on: paint_mouth(on, who.mouth, who.skin, mouth, mood.smile)),
            ),
            self._eyes.painted(
                (mood.lids, mood.smile, mood.gaze_x, mood.gaze_y, blink),
                self._placed(lambda on: paint_eyes(on, who.eyes, mood, blink)),
            ),
            self._brows.painted(
                (mood.brows, mood.brow_cock, mood.brow_inner),
                self._placed(lambda on: paint_brows(on, who.brows, mood)),
            ),
            self._fringe,
        )
        self._pixels[:] = self._still  # the surface draws straight into this array
        for layer in layers:
            canvas.drawImage(layer, 0, 0)

    def _placed(self, paint: Painter) -> Painter:
        """Return a painter that stands where the character does."""

        def placed(canvas: skia.Canvas) -> None:
            canvas.save()
            self._place(canvas)
            paint(canvas)
            canvas.restore()

        return placed

    def _place(self, canvas: skia.Canvas) -> None:
        canvas.translate(self._frame.x - self._box[0], self._frame.y - self._box[1])
        canvas.scale(self._frame.scale, self._frame.scale)

    def _painted_still(self, backdrop: str) -> Image:
        frame = self._frame
        pixels = np.zeros((frame.height, frame.width, 4), np.uint8)
        surface = _surface(pixels)
        canvas = surface.getCanvas()
        paint_backdrop(canvas, backdrop, frame.width, frame.height)
        canvas.translate(frame.x, frame.y)
        canvas.scale(frame.scale, frame.scale)
        self._character.paint_figure(canvas)
        canvas.drawPicture(self._strokes)
        return pixels

    def _painted_fringe(self) -> skia.Image:
        left, top, right, bottom = self._box
        surface = skia.Surface(right - left, bottom - top)
        canvas = surface.getCanvas()
        self._place(canvas)
        canvas.drawPicture(self._strokes)
        return surface.makeImageSnapshot()


def _features(pose: Pose) -> _Features:
    """Quantize the painted parameters of a pose, in steps of less than a quarter of a pixel: at
    rest, most pictures differ only in their warp."""
    mouth = Mouth(*(round(part * _MOUTH_STEPS) / _MOUTH_STEPS for part in pose.mouth))
    mood = Expression(*(round(part * _MOOD_STEPS) / _MOOD_STEPS for part in pose.expression))
    return mouth, mood._replace(yaw=0.0, pitch=0.0, roll=0.0), pose.blink


def _recorded(paint: Painter) -> skia.Picture:
    """Record what `paint` draws, to replay it on several canvases."""
    recorder = skia.PictureRecorder()
    paint(recorder.beginRecording(skia.Rect.MakeLTRB(*_EVERYWHERE)))
    return recorder.finishRecordingAsPicture()


def _surface(pixels: Image) -> skia.Surface:
    return skia.Surface(pixels, skia.kBGRA_8888_ColorType, skia.kPremul_AlphaType)


def _pixels(box: tuple[float, float, float, float], frame: Frame) -> tuple[int, int, int, int]:
    left = max(int(frame.x + box[0] * frame.scale), 0)
    top = max(int(frame.y + box[1] * frame.scale), 0)
    right = min(int(frame.x + box[2] * frame.scale) + 1, frame.width)
    bottom = min(int(frame.y + box[3] * frame.scale) + 1, frame.height)
    return left, top, right, bottom


def _cut(picture: Image, box: tuple[int, int, int, int]) -> Image:
    left, top, right, bottom = box
    return np.ascontiguousarray(picture[top:bottom, left:right])
