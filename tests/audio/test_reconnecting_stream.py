"""A stream that dies is replaced, its device is taken back, and every change is said once."""

from __future__ import annotations

import pytest
from fake_sound_card import FakeBackend, ManualClock

from avatar_app.audio.devices import Device, Direction
from avatar_app.audio.null_devices import NullDevice
from avatar_app.audio.reconnecting_stream import LOOK_SECONDS, ReconnectingStream, StreamRole
from avatar_app.core.errors import DeviceUnavailable

BUILT_IN = Device("Built-in", "ALSA", 2, 2, default_input=True, default_output=True)
HEADSET = Device("Headset", "ALSA", 1, 2, default_input=False, default_output=False)
ROLE = StreamRole(Direction.INPUT, "microphone", "You can type.")


class Understudy(NullDevice):
    playing = False
    needed = True

    def need(self, *, needed: bool) -> None:
        self.needed = needed

    def start(self) -> None:
        self.playing = True

    def close(self) -> None:
        self.playing = False


class Scene:
    """A keeper with its card, clock, stand-in and the notices it gave."""

    def __init__(self, wanted: str | None, *plugged: Device) -> None:
        self.card, self.clock, self.stand_in = FakeBackend(*plugged), ManualClock(), Understudy()
        self.notices: list[str] = []
        self.keeper = ReconnectingStream(
            ROLE, wanted, lambda _: None, self.stand_in, self._note, self.card, self.clock
        )

    def _note(self, message: str, hint: str) -> None:
        self.notices.append(f"{message} {hint}")

    @property
    def name(self) -> str | None:
        line = self.keeper.line
        assert (line is None) == self.stand_in.playing
        return line.device.name if line else None

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.1)):
            self.clock.time += 0.1
            self.keeper.look()

    def unplug(self, device: Device) -> None:
        self.card.plugged.remove(device)
        if self.keeper.line is not None and self.keeper.line.device == device:
            self.keeper.line.alive = False

    def recall(self) -> None:
        self.card.refresh()
        line = self.keeper.line
        line.recalled = True
        line.close()


def begun(wanted: str | None, *plugged: Device) -> Scene:
    scene = Scene(wanted, *plugged)
    scene.keeper.begin()
    return scene


def test_chosen_device_is_used_without_a_notice() -> None:
    scene = begun("headset", BUILT_IN, HEADSET)
    scene.pass_time(30)
    assert (scene.name, scene.notices, scene.card.looks) == ("Headset", [], 0)


def test_an_unknown_device_falls_back_to_the_default() -> None:
    scene = begun("banjo", BUILT_IN)
    assert scene.name == "Built-in"
    assert scene.notices == [
        "The microphone banjo is not connected. The conversation continues with Built-in."
    ]


def test_a_busy_device_falls_back_to_the_default() -> None:
    scene = Scene("headset", BUILT_IN, HEADSET)
    scene.card.busy.add(HEADSET)
    scene.keeper.begin()
    assert scene.name == "Built-in"
    assert scene.notices == ["Headset cannot be opened. The conversation continues with Built-in."]


def test_no_device_at_all_is_reported_once() -> None:
    scene = begun(None)
    scene.pass_time(60)
    assert scene.name is None
    assert scene.notices == [
        "No microphone was found. You can type. It is used as soon as one is plugged in."
    ]


def test_unneeded_null_device_sleeps_and_is_not_checked() -> None:
    scene = begun(None)
    scene.keeper.needed = False
    scene.pass_time(0.1)
    assert not scene.stand_in.needed
    assert scene.keeper._patience_to_look() > 1  # until it looks for devices
    scene.card.plugged.append(BUILT_IN)
    scene.pass_time(11)
    assert scene.name == "Built-in"
    assert scene.keeper._patience_to_look() == LOOK_SECONDS


def test_a_missing_library_is_reported_once_and_used_once_installed() -> None:
    scene = Scene(None, BUILT_IN)
    scene.card.missing = True
    scene.keeper.begin()
    scene.pass_time(30)
    assert (scene.name, scene.notices) == (None, ["PortAudio is missing. Install it."])
    scene.card.missing = False
    scene.pass_time(11)
    assert scene.name == "Built-in"


def test_unplugged_device_is_replaced_by_the_default_until_it_returns() -> None:
    scene = begun("headset", BUILT_IN, HEADSET)
    scene.pass_time(60)
    scene.unplug(HEADSET)
    scene.pass_time(0.1)
    assert scene.name == "Built-in"
    scene.card.plugged.append(HEADSET)
    scene.pass_time(11)
    assert scene.name == "Headset"
    assert scene.notices == [
        "The microphone Headset is gone. The conversation continues with Built-in.",
        "The microphone Headset is back. The conversation continues with it.",
    ]


def test_null_device_takes_over_when_the_last_device_is_unplugged() -> None:
    scene = begun(None, BUILT_IN)
    scene.unplug(BUILT_IN)
    scene.pass_time(5)
    assert scene.name is None
    scene.card.plugged.append(HEADSET)
    scene.pass_time(11)
    assert scene.name == "Headset"
    assert scene.notices[1:] == [
        "The microphone Headset is back. The conversation continues with it."
    ]


def test_same_device_can_be_reopened_immediately() -> None:
    scene = begun(None, BUILT_IN)
    scene.keeper.line.alive = False
    scene.pass_time(0.1)
    assert scene.name == "Built-in"


def test_repeatedly_failing_device_does_not_flood_notices() -> None:
    scene = begun(None, BUILT_IN)
    for _ in range(600):
        scene.pass_time(0.1)
        if scene.keeper.line is not None:
            scene.keeper.line.alive = False
    assert 2 < len(scene.notices) < 20


def test_search_interval_grows() -> None:
    scene = begun("headset", BUILT_IN)
    scene.card.looks, line = 0, scene.keeper.line
    scene.pass_time(60)
    assert 5 <= scene.card.looks <= 8
    assert scene.keeper.line is line


def test_refresh_waits_for_silence_to_reopen() -> None:
    scene = begun(None, BUILT_IN)
    scene.recall()
    scene.pass_time(0.1)
    assert (scene.name, scene.notices) == ("Built-in", [])


def test_refresh_can_find_the_chosen_device() -> None:
    scene = begun("headset", BUILT_IN)
    scene.card.plugged.append(HEADSET)
    scene.recall()
    scene.pass_time(0.1)
    assert scene.name == "Headset"
    assert scene.notices[1:] == [
        "The microphone Headset is back. The conversation continues with it."
    ]


def test_refresh_can_detect_a_removed_device() -> None:
    scene = begun("headset", BUILT_IN, HEADSET)
    scene.card.plugged.remove(HEADSET)
    scene.recall()
    scene.pass_time(0.1)
    assert scene.name == "Built-in"
    assert scene.notices == [
        "The microphone Headset is gone. The conversation continues with Built-in."
    ]


@pytest.mark.parametrize(("wanted", "name"), [("headset", "Headset"), (None, "Built-in")])
def test_device_can_be_changed_at_run_time(wanted: str | None, name: str) -> None:
    scene = begun("built", BUILT_IN, HEADSET)
    before = scene.keeper.line
    scene.keeper.use(wanted)
    scene.pass_time(0.1)
    assert before.closed
    assert (scene.name, scene.notices) == (name, [])


def test_a_device_plugged_in_after_the_start_can_be_chosen() -> None:
    scene = begun(None, BUILT_IN)
    scene.card.plugged.append(HEADSET)
    scene.keeper.use("headset")
    scene.pass_time(0.1)
    assert (scene.name, scene.notices) == ("Headset", [])


def test_failing_sound_system_does_not_end_the_search() -> None:
    scene = Scene(None, BUILT_IN)
    scene.keeper.begin()
    refresh = scene.card.refresh

    def fail() -> None:
        raise DeviceUnavailable("The sound system does not respond.", "")

    scene.card.refresh = fail  # type: ignore[method-assign]
    scene.unplug(BUILT_IN)
    scene.pass_time(1.0)
    scene.card.plugged.append(HEADSET)
    scene.pass_time(30.0)
    assert scene.name is None
    scene.card.refresh = refresh  # type: ignore[method-assign]
    scene.pass_time(30.0)
    assert scene.name == HEADSET.name


def test_unneeded_streams_sleep_including_null_devices() -> None:
    scene = begun("headset", BUILT_IN, HEADSET)
    scene.keeper.needed = False
    scene.pass_time(0.1)
    assert not scene.keeper.line.needed
    scene.unplug(HEADSET)
    scene.pass_time(0.2)
    assert scene.name == BUILT_IN.name
    assert not scene.keeper.line.needed
    scene.keeper.needed = True
    scene.pass_time(0.1)
    assert scene.keeper.line.needed
