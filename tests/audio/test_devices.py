"""A device is found by the name that a person would write."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from avatar_app.audio.backend import PortAudioBackend
from avatar_app.audio.devices import Device, Direction, candidates, default, matching
from avatar_app.core.errors import DeviceUnavailable

BUILT_IN = Device("Built-in Audio", "ALSA", 2, 2, default_input=True, default_output=True)
HEADSET = Device("USB Headset", "ALSA", 1, 2, default_input=False, default_output=False)
HEADSET_PRO = Device("USB Headset Pro", "ALSA", 1, 2, default_input=False, default_output=False)
HEADSET_TWIN = Device("USB Headset", "JACK", 1, 2, default_input=False, default_output=False)
BOX = Device("Box", "ALSA", 0, 2, default_input=False, default_output=False)
ALL = [BUILT_IN, HEADSET_PRO, HEADSET, HEADSET_TWIN, BOX]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("USB Headset", HEADSET),
        ("usb headset", HEADSET),
        (" usb headset pro ", HEADSET_PRO),
        ("headset", HEADSET_PRO),
        ("USB Headset, JACK", HEADSET_TWIN),
        ("built", BUILT_IN),
        ("box", None),
        ("banjo", None),
        ("  ", None),
    ],
)
def test_a_microphone_is_found_by_name(name: str, found: Device | None) -> None:
    assert matching(ALL, name, Direction.INPUT) == found


def test_output_only_device_is_not_offered_as_microphone() -> None:
    assert matching(ALL, "box", Direction.OUTPUT) == BOX
    assert default([BOX], Direction.INPUT) is None


def test_first_device_is_used_without_a_default() -> None:
    assert default([BOX, HEADSET], Direction.OUTPUT) == BOX
    assert default([BOX, HEADSET, BUILT_IN], Direction.OUTPUT) == BUILT_IN


def test_chosen_device_precedes_the_default() -> None:
    assert candidates(ALL, "jack", Direction.INPUT) == [BUILT_IN]
    assert candidates(ALL, "pro", Direction.INPUT) == [HEADSET_PRO, BUILT_IN]
    assert candidates(ALL, "built", Direction.INPUT) == [BUILT_IN]
    assert candidates([], "built", Direction.INPUT) == []


def test_a_missing_portaudio_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(DeviceUnavailable, match="PortAudio") as refusal:
        PortAudioBackend().present()
    assert "libportaudio2" in refusal.value.hint


def test_a_portaudio_that_fails_to_initialize_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sounddevice initializes PortAudio when it is imported."""
    (tmp_path / "sounddevice.py").write_text(
        "class PortAudioError(Exception): pass\nraise PortAudioError('Error initializing')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    for _ in range(2):
        with pytest.raises(DeviceUnavailable, match="does not respond"):
            PortAudioBackend().present()
    (tmp_path / "sounddevice.py").write_text("raise ZeroDivisionError('a bug')")
    with pytest.raises(ZeroDivisionError):
        PortAudioBackend().present()


class RestartedPortAudio(ModuleType):
    """A PortAudio whose sound system is gone for a while."""

    class PortAudioError(Exception):
        """As in sounddevice."""

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.gone = True
        self._initialized = 1

    def _initialize(self) -> None:
        if self.gone:
            raise self.PortAudioError("Error initializing PortAudio")
        self._initialized += 1

    def _terminate(self) -> None:
        self.query_hostapis()
        self._initialized -= 1

    def query_hostapis(self) -> tuple[()]:
        if not self._initialized:
            raise self.PortAudioError("PortAudio not initialized")
        return ()

    def query_devices(self) -> tuple[()]:
        return ()


def test_a_failing_sound_system_is_reported_and_retried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = RestartedPortAudio()
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    card = PortAudioBackend()
    for ask in (card.refresh, card.refresh, card.known, card.present):
        with pytest.raises(DeviceUnavailable, match="does not respond"):
            ask()
    library.gone = False
    assert card.present() == []
    assert library._initialized == 1
