"""The frame around the portrait leaves no pixel of its margin unpainted, on any screen."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from avatar_app.core.events import State
from avatar_app.core.values import VideoFrame
from avatar_app.ui.stage_view import StageView
from avatar_app.ui.theme import Theme

STALE = "#ff00ff"


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5, 1.75, 2.0])
@pytest.mark.parametrize("size", [(800, 600), (641, 405)])
def test_no_pixel_is_left_unpainted(
    size: tuple[int, int], scale: float, qapp: QApplication
) -> None:
    frame = VideoFrame(np.full((36, 64, 3), 90, np.uint8), 0.0)
    view = StageView(lambda: frame, Theme())
    view.resize(*size)
    view.show_state(State.SPEAKING)
    view.light.advance(1.0)
    width, height = (round(side * scale) for side in size)
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(scale)
    picture.fill(QColor(STALE))
    view.render(picture)
    view.stop()
    pixels = np.frombuffer(picture.constBits(), np.uint32).reshape(height, width)
    assert not (pixels == QColor(STALE).rgb()).any()
    assert len(np.unique(pixels)) > 10  # the light shines
