"""Pictures that are shown are read whatever their kind, made small, and refused with a sentence."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar_app.core.errors import DeviceUnavailable, InputInvalid
from avatar_app.core.events import Event, LookingChanged
from avatar_app.session.eyes import SCREEN_WIDTH, LocalEyes
from avatar_app.session.showing import picture_in, picture_of


def written(form: str, mode: str = "RGB", size: tuple[int, int] = (3000, 1500)) -> bytes:
    content = BytesIO()
    Image.new(mode, size, "red").save(content, form)
    return content.getvalue()


@pytest.mark.parametrize(
    ("form", "mode"), [("PNG", "RGBA"), ("JPEG", "RGB"), ("WEBP", "RGB"), ("GIF", "P")]
)
def test_pictures_become_small_jpegs(form: str, mode: str) -> None:
    small = Image.open(BytesIO(picture_of(written(form, mode)).content))
    assert (small.format, small.size) == ("JPEG", (SCREEN_WIDTH, SCREEN_WIDTH // 2))
    red = np.asarray(small, np.int16)[10, 10]
    assert np.abs(red - (255, 0, 0)).max() < 12


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"nothing", written("PNG")[:200]):
        with pytest.raises(InputInvalid, match="damaged, or no picture"):
            picture_of(content)
    with pytest.raises(InputInvalid, match="can't be read"):
        picture_in(tmp_path / "missing.png")


def test_the_camera_is_looked_through_and_a_light_frames_it(tmp_path: Path) -> None:
    (tmp_path / "camera.png").write_bytes(written("PNG", size=(320, 240)))
    events: list[Event] = []
    picture = LocalEyes(str(tmp_path / "camera.png"), events.append).look("camera")
    assert Image.open(BytesIO(picture.content)).size == (320, 240)
    assert events == [LookingChanged("camera", each) for each in (True, False)]
    with pytest.raises(DeviceUnavailable, match="gives no picture"):
        LocalEyes(str(tmp_path / "missing.mp4"), events.append).look("camera")
    assert events[-1] == LookingChanged("camera", looking=False), "the light goes out"
