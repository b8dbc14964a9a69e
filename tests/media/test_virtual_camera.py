"""Through pyvirtualcam other programs see the frame on show; without a camera one is told."""

from __future__ import annotations

import platform
import sys
from functools import partial

import numpy as np
import pytest
from pyvirtualcam import camera as library
from recorded_camera import recorded_cameras
from virtual_audio import wait_until

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import VideoFrame
from avatar_app.media.virtual_camera import HEIGHT, WIDTH, VirtualCamera, fitted, open_camera

RED, BLUE = (200, 10, 10), (10, 10, 200)


def picture(height: int, width: int, color: tuple[int, int, int]) -> np.ndarray:
    return np.full((height, width, 3), color, np.uint8)


def never(error: DeviceUnavailable) -> None:
    pytest.fail(str(error))


@pytest.mark.parametrize(
    ("size", "inside"),
    [
        ((720, 1280), (720, 1280)),
        ((360, 640), (720, 1280)),
        ((512, 512), (720, 720)),
        ((1080, 607), (720, 405)),
        ((90, 1280), (90, 1280)),
        ((2160, 3840), (720, 1280)),
    ],
)
def test_a_picture_is_whole_and_in_the_middle(
    size: tuple[int, int], inside: tuple[int, int]
) -> None:
    image = fitted(picture(*size, RED))
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert image.flags.c_contiguous
    lit = (image == RED).all(axis=2)
    assert (lit.any(axis=1).sum(), lit.any(axis=0).sum()) == inside
    assert not image[~lit].any()
    assert abs(int(lit.any(axis=0).argmax()) - (WIDTH - inside[1]) // 2) <= 1


def test_the_frame_on_show_is_sent_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = recorded_cameras(monkeypatch)
    shown: list[VideoFrame | None] = [None]
    camera = VirtualCamera(lambda: shown[0], never)
    sink = opened[0]
    wait_until(lambda: sink.frames, "a frame is sent before there is one: black")
    shown[0] = VideoFrame(picture(360, 640, RED), 0.0)
    wait_until(lambda: sink.frames[-1][400, 640, 0] == RED[0], "it is seen")
    shown[0] = VideoFrame(picture(360, 640, BLUE), 0.04)
    count = len(sink.frames)
    wait_until(lambda: len(sink.frames) > count + 5, "the next one is seen")
    camera.close()
    assert sink.closed
    assert not sink.frames[0].any()
    assert (sink.frames[-1] == BLUE).all()
    assert (sink.shape, sink.fps) == ((HEIGHT, WIDTH, 3), 25.0)
    colors = [tuple(int(part) for part in frame[0, 0]) for frame in sink.frames]
    assert [each for n, each in enumerate(colors) if n == 0 or each != colors[n - 1]] == [
        (0, 0, 0),
        RED,
        BLUE,
    ]


def test_a_camera_that_ends_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, said = recorded_cameras(monkeypatch, lasts=3), []
    camera = VirtualCamera(lambda: None, said.append)
    wait_until(lambda: said, "the loss is told")
    camera.close()
    assert [str(error) for error in said] == [
        "The virtual camera is gone. It said: error writing frame: No such device"
    ]
    assert opened[0].closed


def test_without_a_driver_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own code for v4l2loopback, and a device that cannot be there."""
    native = partial(library.BACKENDS["v4l2loopback"])
    absent = lambda **options: native(**options | {"device": "/dev/video98765"})  # noqa: E731
    monkeypatch.setattr(library, "BACKENDS", {"v4l2loopback": absent})
    with pytest.raises(DeviceUnavailable, match="No virtual camera was found") as refused:
        VirtualCamera(lambda: None, never)
    assert "modprobe v4l2loopback" in refused.value.hint


def test_elsewhere_obs_is_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "BACKENDS", {})
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    with pytest.raises(DeviceUnavailable) as refused:
        open_camera()
    assert "OBS Studio" in refused.value.hint


def test_without_the_package_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(DeviceUnavailable, match="not installed") as refused:
        open_camera()
    assert refused.value.hint.startswith("Type: ")
