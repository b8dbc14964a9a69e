"""Streams on a real sound server: nothing is lost, and an unplugged device is survived."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from virtual_audio import RATE, VirtualAudio, likeness, wait_until

from avatar_app.audio.devices import list_devices
from avatar_app.audio.microphone import Microphone
from avatar_app.audio.speaker import Speaker
from avatar_app.audio.wav import read_sound
from avatar_app.core.values import PLAYBACK_BLOCK, PLAYBACK_RATE, AudioChunk

pytestmark = pytest.mark.device
DATA = Path(__file__).parent.parent / "data"


class Tape:
    """Plays its samples once, then silence, and keeps the times it was asked for."""

    def __init__(self, samples: np.ndarray | None = None) -> None:
        self.samples = np.zeros(0, np.float32) if samples is None else samples
        self.at = 0
        self.times: list[float] = []

    def pull(self, frames: int, dac_at: float) -> np.ndarray:
        assert frames == PLAYBACK_BLOCK
        piece = self.samples[self.at : self.at + frames]
        self.at += frames
        self.times.append(dac_at)
        return np.pad(piece, (0, frames - len(piece)))

    @property
    def ended(self) -> bool:
        return self.at > len(self.samples)


class Ear:
    """Keeps what a microphone delivers."""

    def __init__(self) -> None:
        self.blocks: list[AudioChunk] = []
        self.times: list[float] = []

    def hear(self, block: AudioChunk, at: float) -> None:
        self.blocks.append(block)
        self.times.append(at)

    @property
    def samples(self) -> np.ndarray:
        return np.concatenate([block.samples for block in self.blocks])


class Notices(list):
    def __call__(self, message: str, hint: str) -> None:
        self.append((message, hint))

    @property
    def messages(self) -> list[str]:
        return [message for message, _ in self]


@pytest.mark.usefixtures("virtual_audio")
def test_devices_are_listed_by_name() -> None:
    devices = {device.name: device for device in list_devices()}
    assert devices["default"].default_input
    assert devices["default"].default_output
    assert devices["headset"].inputs > 0


def test_what_is_played_leaves_the_loudspeaker(virtual_audio: VirtualAudio) -> None:
    speech = read_sound(DATA / "goforward.wav", PLAYBACK_RATE).samples
    tape, notices = Tape(speech), Notices()
    with virtual_audio.recording() as recording, Speaker(None, tape.pull, notices) as speaker:
        assert speaker.name == "default"
        assert 0 < speaker.latency <= 0.1
        wait_until(lambda: tape.ended, "all is played")
        wait_until(lambda: likeness(speech, recording.samples) > 0.9, "all is recorded")
    assert likeness(speech, recording.samples) > 0.95
    assert not notices
    np.testing.assert_allclose(np.diff(tape.times), 0.01, atol=0.006)


def test_what_is_said_reaches_the_microphone(virtual_audio: VirtualAudio) -> None:
    speech = read_sound(DATA / "goforward.wav")
    ear, notices = Ear(), Notices()
    with Microphone(None, ear.hear, notices) as microphone:
        wait_until(lambda: ear.blocks, "the microphone delivers")
        assert microphone.alive
        virtual_audio.speak(speech.samples, speech.rate)
    assert likeness(speech.samples, ear.samples) > 0.9
    assert [block.start for block in ear.blocks] == list(range(0, 160 * len(ear.blocks), 160))
    assert {len(block.samples) for block in ear.blocks} == {160}
    np.testing.assert_allclose(np.diff(ear.times), 0.01, atol=0.006)
    assert not notices
