"""A key that is heard in all programs: on a real X server, and by portals on a real bus: a scripted
one, and the desktops' own xdg-desktop-portal."""

from __future__ import annotations

import queue
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from desktop_portal import Desktop, desktop_portal
from portal_service import PortalService, portal_service, private_bus
from x_display import Keyboard, x_display

from avatar_app.system.hotkeys.hotkey import Hotkey, HotkeyUnavailable, TalkKey
from avatar_app.system.hotkeys.portal import PortalHotkey
from avatar_app.system.hotkeys.x11 import X11Hotkey

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="X11 and D-Bus")
PATIENCE = 60.0


class Ear:
    """Notes what is heard, in order."""

    def __init__(self) -> None:
        self._heard: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.refused: queue.SimpleQueue[HotkeyUnavailable] = queue.SimpleQueue()

    def __call__(self, *, held: bool) -> None:
        self._heard.put(held)

    def next(self) -> bool:
        return self._heard.get(timeout=PATIENCE)

    @property
    def is_empty(self) -> bool:
        return self._heard.empty()


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyboard]:
    with x_display(monkeypatch) as keyboard:
        yield keyboard


@pytest.fixture(params=["scripted", "xdg-desktop-portal"])
def portal(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[PortalService | Desktop]:
    if request.param == "scripted":
        with portal_service(monkeypatch) as service:
            yield service
    else:
        with desktop_portal(monkeypatch, tmp_path) as desktop:
            yield desktop


def test_every_key_can_be_read() -> None:
    assert Hotkey.parse(TalkKey.CTRL_ALT_SPACE) == Hotkey("space", ctrl=True, alt=True)
    assert Hotkey.parse(TalkKey.F8).key == "F8"
    assert Hotkey.parse(TalkKey.SCROLL_LOCK).key == "Scroll_Lock"
    assert Hotkey.parse("Ctrl+Alt+Space").trigger == "CTRL+ALT+space"


def test_a_key_goes_down_and_up_under_x11(keyboard: Keyboard) -> None:
    ear = Ear()
    listener = X11Hotkey(Hotkey.parse("f8"), ear)
    keyboard.press("F8")
    assert ear.next() is True
    keyboard.release("F8")
    assert ear.next() is False
    listener.close()
    keyboard.press("F8")
    keyboard.release("F8")
    assert ear.is_empty


def test_modifiers_must_be_held_and_lights_do_not_matter(keyboard: Keyboard) -> None:
    ear = Ear()
    listener = X11Hotkey(Hotkey.parse("ctrl+alt+space"), ear)
    keyboard.press("space")
    keyboard.release("space")
    for key in ("Num_Lock", "Caps_Lock"):
        keyboard.press(key)
        keyboard.release(key)
    for key in ("Control_L", "Alt_L", "space"):
        keyboard.press(key)
    assert ear.next() is True
    keyboard.release("space")
    assert ear.next() is False
    assert ear.is_empty
    listener.close()


def test_a_key_that_is_held_is_released_at_the_end(keyboard: Keyboard) -> None:
    ear = Ear()
    listener = X11Hotkey(Hotkey.parse("pause"), ear)
    keyboard.press("Pause")
    assert ear.next() is True
    listener.close()
    assert ear.next() is False


def test_a_key_of_another_program_is_refused_and_the_process_goes_on(keyboard: Keyboard) -> None:
    first = X11Hotkey(Hotkey.parse("f12"), Ear())
    with pytest.raises(HotkeyUnavailable, match=r"Another program has the global key F12\."):
        X11Hotkey(Hotkey.parse("f12"), Ear())
    first.close()
    X11Hotkey(Hotkey.parse("f12"), Ear()).close()


def test_without_a_display_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(HotkeyUnavailable, match="display cannot be opened"):
        X11Hotkey(Hotkey.parse("f8"), Ear())


def opened(ear: Ear) -> PortalHotkey:
    return PortalHotkey(Hotkey.parse("ctrl+alt+space"), ear, "Hold to talk", ear.refused.put)


def test_a_portal_is_asked_and_passes_the_key_on(portal: PortalService | Desktop) -> None:
    ear = Ear()
    listener = opened(ear)
    ((name, about),) = portal.bound.get(timeout=PATIENCE)
    assert name == "talk"
    assert about["description"] == ("s", "Hold to talk")
    assert about["preferred_trigger"] == ("s", "CTRL+ALT+space")
    portal.press(down=True, session="/org/freedesktop/portal/desktop/session/other")
    portal.press(down=True)
    assert ear.next() is True
    portal.press(down=False)
    assert ear.next() is False
    assert ear.is_empty, "another program's key"
    listener.close()


def test_a_user_who_refuses_the_desktop_is_believed(portal: PortalService | Desktop) -> None:
    portal.refuses = "BindShortcuts"
    ear = Ear()
    listener = opened(ear)
    assert "was not allowed" in ear.refused.get(timeout=PATIENCE).message
    listener.close()


def test_a_portal_that_knows_no_keys_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with private_bus(monkeypatch), pytest.raises(HotkeyUnavailable, match="gives no keys"):
        opened(Ear())


def test_without_a_bus_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    with pytest.raises(HotkeyUnavailable, match="D-Bus"):
        opened(Ear())
