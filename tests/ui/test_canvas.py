"""What moved is painted, nothing else; and nobody draws for a window that nobody sees."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from avatar_app.core.events import State
from avatar_app.core.values import VideoFrame
from avatar_app.ui.portrait.canvas import SEEN, Canvas, cover
from avatar_app.ui.portrait.state_light import Light, StateLight
from avatar_app.ui.portrait.view import LOOK_EVERY_MS, PortraitView
from avatar_app.ui.style.theme import Theme

RNG = np.random.default_rng(6)
SIZE = QSize(160, 100)


def scenery() -> np.ndarray:
    return RNG.integers(0, 256, (200, 320, 3), np.uint8)


def pixels(picture: QImage) -> np.ndarray:
    flat = np.frombuffer(picture.constBits(), np.uint8)
    shape = picture.height(), picture.bytesPerLine() // 4, 4
    return flat.reshape(shape)[:, : picture.width(), :3].astype(int)


def test_first_frame_repaints_the_whole_canvas() -> None:
    canvas = Canvas()
    assert canvas.show(scenery(), SIZE) == [QRect(0, 0, 160, 100)]
    assert canvas.picture.size() == SIZE


def test_unchanged_frame_repaints_nothing() -> None:
    canvas, image = Canvas(), scenery()
    canvas.show(image, SIZE)
    assert canvas.show(image.copy(), SIZE) == []
    assert canvas.show(np.where(image < 255, image + 1, image), SIZE) == []


def test_only_changed_regions_are_repainted_and_none_is_missed() -> None:
    canvas, image = Canvas(), scenery()
    canvas.show(image, SIZE)
    for _ in range(20):
        top, left = RNG.integers(0, 180), RNG.integers(0, 300)
        image[top : top + 20, left : left + 20] = RNG.integers(0, 256, 3)
        moved = canvas.show(image, SIZE)
        fresh = Canvas()
        fresh.show(image, SIZE)
        assert np.abs(pixels(canvas.picture) - pixels(fresh.picture)).max() <= SEEN
        assert sum(part.width() * part.height() for part in moved) < 0.15 * 160 * 100


def test_color_channels_are_not_swapped() -> None:
    canvas = Canvas()
    canvas.show(np.full((200, 320, 3), (250, 20, 10), np.uint8), SIZE)
    assert canvas.picture.pixelColor(80, 50).getRgb()[:3] == (250, 20, 10)


def test_resizing_repaints_the_whole_canvas() -> None:
    canvas, image = Canvas(), scenery()
    canvas.show(image, SIZE)
    assert canvas.show(image, QSize(80, 90)) == [QRect(0, 0, 80, 90)]
    assert canvas.show(scenery()[:100], QSize(80, 90)) == [QRect(0, 0, 80, 90)]


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 7), (1280, 720)])
def test_frame_fills_a_canvas_of_any_shape(size: tuple[int, int]) -> None:
    canvas = Canvas()
    assert canvas.show(scenery(), QSize(*size)) == [QRect(0, 0, *size)]


def test_cover_crops_below_the_head() -> None:
    part = cover(QSizeF(100, 200), QRectF(0, 0, 100, 100))
    assert (part.x(), part.width(), part.height()) == (0, 100, 100)
    assert part.y() == pytest.approx(30)


class Asked:
    """A session's pictures; counts how often it was asked."""

    def __init__(self) -> None:
        self.count = 0
        self.frame = VideoFrame(scenery(), 0.0)

    def newest(self) -> VideoFrame:
        self.count += 1
        return self.frame


@pytest.fixture
def view(qtbot, qapp: QApplication) -> PortraitView:
    view = PortraitView(Asked().newest, lambda: 0.1, Theme())
    qtbot.addWidget(view)
    view.resize(300, 240)
    return view


def test_hidden_view_requests_no_frames(qtbot, view: PortraitView) -> None:
    asked = view._newest.__self__
    view.look()
    assert asked.count == 0
    with qtbot.waitExposed(view):
        view.show()
    view.look()
    assert asked.count > 0
    view.hide()
    before = asked.count
    view.look()
    assert asked.count == before
    assert not view.is_seen


def test_idle_view_polls_slowly_until_a_state_change(qtbot, view: PortraitView) -> None:
    with qtbot.waitExposed(view):
        view.show()
    assert view._patience_ms() == 100
    view._look_again()
    assert view._timer.remainingTime() > LOOK_EVERY_MS
    view.show_state(State.SPEAKING)
    assert view._timer.remainingTime() <= LOOK_EVERY_MS
    assert view._patience_ms() == LOOK_EVERY_MS


def on_screen(view: PortraitView) -> np.ndarray:
    return pixels(view.screen().grabWindow(view.winId()).toImage())


def test_partial_repaints_match_a_full_repaint_on_screen(qtbot, view: PortraitView) -> None:
    asked = view._newest.__self__
    with qtbot.waitExposed(view):
        view.show()
    image = scenery()
    for corner in ((0, 0), (90, 140), (170, 290), (0, 290), (100, 0)):
        image = image.copy()
        image[corner[0] : corner[0] + 30, corner[1] : corner[1] + 30] = RNG.integers(0, 256, 3)
        asked.frame = VideoFrame(image, 0.0)
        view.look()
        qtbot.waitUntil(lambda: not view.testAttribute(Qt.WidgetAttribute.WA_PendingUpdate))
        QApplication.processEvents()
        shown = on_screen(view)
        view.repaint()
        np.testing.assert_array_equal(shown, on_screen(view))


def test_muted_state_light_stops_animating() -> None:
    light = StateLight(muted=True)
    assert light.moving
    for _ in range(100):
        light.advance(0.05)
    assert light.weights[Light.MUTED] == pytest.approx(1.0, abs=0.01)
    assert not light.moving
    light.muted = False
    assert light.moving
