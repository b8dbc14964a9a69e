"""Windows of other programs are listed and looked at, also where they are covered; or chosen in
the desktop's dialog."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bus_service import KeyService
from jeepney import DBusAddress, HeaderFields, new_error, new_method_return, new_signal
from PIL import Image
from portal_service import private_bus
from x_display import x_display

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.system.open_windows import portal, x11
from avatar_app.system.open_windows.looking import (
    listed_windows,
    window_picture,
    windows_can_be_chosen,
)

DESK = Path(__file__).parents[1] / "helpers" / "desk_of_windows.py"
GREEN, BLUE = (0, 100, 0), (0, 0, 139)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A display on which a program shows “Notes”, green, covered by “Front”, blue; the list of
    windows is what a window manager would write."""
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with x_display(monkeypatch):
        command = [sys.executable, str(DESK)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            assert program.stdout.readline().strip() == "shown"
            yield
            program.kill()


def color_of(image: np.ndarray) -> tuple[int, ...]:
    colors, counts = np.unique(image.reshape(-1, 3), axis=0, return_counts=True)
    assert counts.max() > 0.95 * counts.sum()
    return tuple(int(each) for each in colors[counts.argmax()])


def test_windows_are_listed_the_front_one_first(desk: None) -> None:
    assert windows_can_be_chosen()
    assert [window.title for window in listed_windows()] == ["Front", "Notes – ümlaut"]


def test_a_covered_window_is_seen_whole(desk: None) -> None:
    front, notes = listed_windows()
    picture = window_picture(notes.id)
    assert picture.shape == (150, 300, 3)
    assert color_of(picture) == GREEN
    assert color_of(window_picture(front.id)) == BLUE
    assert color_of(window_picture(None)) == BLUE, "the last one in front"


def test_a_window_that_is_gone_is_a_sentence(desk: None) -> None:
    with pytest.raises(DeviceUnavailable, match="gives no picture"):
        window_picture(123456)


def test_without_composition_the_window_itself_is_read(
    desk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(x11, "xcomposite", lambda: None)
    assert color_of(window_picture(None)) == BLUE


def test_where_there_are_no_windows_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with x_display(monkeypatch):
        assert listed_windows() == ()
        with pytest.raises(DeviceUnavailable, match="No other window"):
            window_picture(None)
    monkeypatch.setenv("DISPLAY", ":9999")
    with pytest.raises(DeviceUnavailable, match="no display"):
        listed_windows()
    monkeypatch.delenv("DISPLAY")
    assert not windows_can_be_chosen()
    assert listed_windows() == ()
    with pytest.raises(DeviceUnavailable, match="On this system"):
        window_picture(None)


class ScreenshotPortal(KeyService):
    """A desktop whose user chooses a window, or none."""

    name, interface = portal.BUS_NAME, portal.INTERFACE
    picture, code, offers = Path(), 0, True

    def answers(self, message: Any, method: str) -> Iterator[Any]:
        options = message.body[-1]
        if method != "Screenshot" or not self.offers:
            yield new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
            return
        assert options["interactive"] == ("b", True)
        program = message.header.fields[HeaderFields.sender][1:].replace(".", "_")
        request = f"{portal.OBJECT}/request/{program}/{options['handle_token'][1]}"
        yield new_method_return(message, "o", (request,))
        address = DBusAddress(request, portal.BUS_NAME, portal.REQUEST)
        results = {"uri": ("s", self.picture.as_uri())} if self.code == 0 else {}
        yield new_signal(address, "Response", "ua{sv}", (self.code, results))


@contextmanager
def wayland(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScreenshotPortal]:
    with private_bus(monkeypatch) as address:
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
        service = ScreenshotPortal(address)
        try:
            yield service
        finally:
            service.close()


def test_under_wayland_the_user_chooses_and_the_file_is_deleted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with wayland(monkeypatch) as desktop:
        assert windows_can_be_chosen()
        assert listed_windows() == ()
        desktop.picture = tmp_path / "a window.png"
        Image.new("RGBA", (40, 30), "darkgreen").save(desktop.picture)
        picture = window_picture(None)
        assert (picture.shape, color_of(picture)) == ((30, 40, 3), GREEN)
        assert not desktop.picture.exists()


def test_a_desktop_that_refuses_or_cannot_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with wayland(monkeypatch) as desktop:
        desktop.picture = tmp_path / "missing.png"
        with pytest.raises(DeviceUnavailable, match="gave no picture"):
            window_picture(None)
        desktop.picture.write_bytes(b"no picture")
        with pytest.raises(DeviceUnavailable, match="gave no picture"):
            window_picture(None)
        desktop.code = 1
        with pytest.raises(DeviceUnavailable, match="No window was chosen"):
            window_picture(None)
        desktop.offers = False
        with pytest.raises(DeviceUnavailable, match="offers no pictures"):
            window_picture(None)
    with pytest.raises(DeviceUnavailable, match="D-Bus"):
        window_picture(None)
