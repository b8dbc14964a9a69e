"""Other programs record what the avatar says from a real sound server, when it is heard here."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from virtual_audio import RATE, VirtualAudio, arrives, wait_until

from avatar_app.audio import virtual_microphone
from avatar_app.audio.virtual_microphone import SINK, SOURCE, VirtualMicrophone
from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import PLAYBACK_BLOCK
from avatar_app.media.sound_reader import read_sound

DATA = Path(__file__).parent.parent / "data"
BLOCK = PLAYBACK_BLOCK / RATE


def never(error: DeviceUnavailable) -> None:
    pytest.fail(str(error))


def play(microphone: VirtualMicrophone, samples: np.ndarray) -> None:
    """As the loudspeaker's callback does: blocks of 10 ms, some of which are played later."""
    begin = time.monotonic() + 0.1
    for place in range(0, len(samples), PLAYBACK_BLOCK):
        due = begin + place / RATE
        threading.Event().wait(max(0.0, due - 0.08 - time.monotonic()))
        microphone.write(samples[place : place + PLAYBACK_BLOCK], due)


def modules(audio: VirtualAudio) -> list[str]:
    listed = audio.control("list", "short", "modules").splitlines()
    return [line for line in listed if SINK in line or SOURCE in line]


@pytest.mark.device
def test_what_is_played_is_recorded_from_the_source(virtual_audio: VirtualAudio) -> None:
    speech = read_sound(DATA / "goforward.wav", RATE).samples[RATE // 2 : 2 * RATE]
    microphone = VirtualMicrophone(never)
    try:
        assert "Description: Avatar" in virtual_audio.control("list", "sources")
        assert SOURCE in virtual_audio.control("list", "short", "sources")

        def recorded() -> np.ndarray:
            with virtual_audio.recording(RATE, SOURCE) as recording:
                play(microphone, speech)
                before = len(recording.samples)
                wait_until(lambda: len(recording.samples) > before + RATE // 2, "it is recorded")
            return recording.samples

        assert arrives(speech, recorded)
    finally:
        microphone.close()
    assert modules(virtual_audio) == []


@pytest.mark.device
def test_what_a_killed_run_left_is_replaced(virtual_audio: VirtualAudio) -> None:
    virtual_audio.control("load-module", "module-null-sink", f"sink_name={SINK}")
    master = f"master={SINK}.monitor"
    virtual_audio.control("load-module", "module-remap-source", f"source_name={SOURCE}", master)
    VirtualMicrophone(never).close()
    assert modules(virtual_audio) == []


@pytest.mark.device
def test_a_sound_server_that_ends_is_told(virtual_audio: VirtualAudio) -> None:
    said: list[DeviceUnavailable] = []
    microphone = VirtualMicrophone(said.append)
    virtual_audio.kill()

    def told() -> bool:
        microphone.write(np.zeros(PLAYBACK_BLOCK, np.float32), time.monotonic())
        return bool(said)

    wait_until(told, "the loss is told")
    microphone.close()
    assert said[0].message == "The virtual microphone is gone."
    with pytest.raises(DeviceUnavailable, match="makes no virtual microphone") as refused:
        VirtualMicrophone(never)
    assert "pipewire-pulse" in refused.value.hint
    virtual_audio.start()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A file that gets what a sound server would."""
    path = tmp_path / "sound"
    with path.open("wb") as file:

        def play_into(_sink: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file)

        monkeypatch.setattr(virtual_microphone, "_create_source", tuple)
        monkeypatch.setattr(virtual_microphone, "_play_into", play_into)
        monkeypatch.setattr(virtual_microphone, "_check_platform", lambda: None)
        yield path


def block(value: float) -> np.ndarray:
    return np.full(PLAYBACK_BLOCK, value, np.float32)


def test_late_sound_is_left_out_so_that_lips_and_voice_stay_together(written: Path) -> None:
    clock = Clock()
    clock.now = 10.0
    microphone = VirtualMicrophone(never, clock)
    for value, at in ((0.1, 9.0), (0.2, 9.8), (0.3, 9.95), (0.4, 10.0), (0.5, 10.02)):
        microphone.write(block(value), at)
    expected = np.concatenate([block(0.3), block(0.4), block(0.5)]).tobytes()
    wait_until(lambda: written.stat().st_size >= len(expected), "the rest is written")
    microphone.close()
    assert written.read_bytes() == expected


def test_early_sound_waits_and_closing_does_not(written: Path) -> None:
    microphone = VirtualMicrophone(never, Clock())
    sound = block(0.5)
    microphone.write(sound, 0.0)
    sound[:] = 9.0  # the device's buffer is used again
    microphone.write(block(0.6), 3600.0)
    wait_until(lambda: written.stat().st_size > 0, "the first one is written")
    microphone.close()
    assert written.read_bytes() == block(0.5).tobytes()


@pytest.mark.parametrize(("system", "driver"), [("Darwin", "BlackHole"), ("Windows", "VB-CABLE")])
def test_elsewhere_the_remedy_is_told(
    monkeypatch: pytest.MonkeyPatch, system: str, driver: str
) -> None:
    monkeypatch.setattr(virtual_microphone.platform, "system", lambda: system)
    with pytest.raises(DeviceUnavailable, match="no virtual microphone of its own") as refused:
        VirtualMicrophone(never)
    assert driver in refused.value.hint


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_microphone.shutil, "which", lambda _name: None)
    with pytest.raises(DeviceUnavailable, match="pactl and pacat") as refused:
        VirtualMicrophone(never)
    assert refused.value.hint == "Type: sudo apt install pulseaudio-utils"
