"""The frame around the portrait leaves no pixel unpainted, on any screen."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage, QRegion
from PySide6.QtWidgets import QApplication, QWidget

from avatar_app.core.events import State
from avatar_app.core.values import VideoFrame
from avatar_app.ui.portrait.view import PortraitView
from avatar_app.ui.style.theme import Theme


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5, 1.75, 2.0])
@pytest.mark.parametrize("size", [(800, 600), (641, 405)])
def test_portrait_view_paints_every_pixel_of_its_background(
    size: tuple[int, int], scale: float, qapp: QApplication
) -> None:
    frame = VideoFrame(np.full((36, 64, 3), 90, np.uint8), 0.0)
    view = PortraitView(lambda: frame, lambda: 0.0, Theme())
    view.stop()
    view.resize(*size)
    view.show_state(State.SPEAKING)
    view.light.advance(1.0)
    over_red, over_green = (_painted(view, scale, color) for color in ("#ff0000", "#00ff00"))
    unpainted = np.abs(over_red - over_green).max() / 255
    assert unpainted < 0.1  # a little where the portrait's edge lies between two pixels
    assert len(np.unique(over_red)) > 10  # the light shines


def _painted(view: PortraitView, scale: float, before: str) -> np.ndarray:
    width, height = (int(side * scale) for side in (view.width(), view.height()))
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(scale)
    picture.fill(QColor(before))
    view.render(picture, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)  # no background
    return np.frombuffer(picture.constBits(), np.uint8).astype(np.int16)
