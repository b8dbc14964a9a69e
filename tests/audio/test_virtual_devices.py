"""Streams on a real sound server: nothing is lost, and an unplugged device is survived."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from virtual_audio import RATE, VirtualAudio, arrives, wait_until

from avatar_app.audio.backend import list_devices
from avatar_app.audio.microphone import Microphone
from avatar_app.audio.speaker import Loudspeaker
from avatar_app.core.values import MICROPHONE_RATE, PLAYBACK_BLOCK, PLAYBACK_RATE, AudioChunk
from avatar_app.media.sound_reader import read_sound

pytestmark = pytest.mark.device
DATA = Path(__file__).parent.parent / "data"


def speech(rate: int) -> np.ndarray:
    """A second and a half of a person speaking."""
    samples = read_sound(DATA / "goforward.wav", rate).samples
    return samples[rate // 2 : 2 * rate]


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

    def play(self, samples: np.ndarray) -> None:
        """Wait until these have been played, after some silence."""
        self.samples = np.pad(samples, (self.at + 4800, 0))
        wait_until(lambda: self.ended, "all is played")


class Ear:
    """Keeps what a microphone delivers."""

    def __init__(self) -> None:
        self.blocks: list[AudioChunk] = []
        self.times: list[float] = []

    def hear(self, block: AudioChunk, at: float) -> None:
        self.blocks.append(block)
        self.times.append(at)


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


def played(virtual_audio: VirtualAudio, tape: Tape) -> np.ndarray:
    """Play somebody speaking, and return what the sound card received."""
    with virtual_audio.recording() as recording:
        tape.play(speech(PLAYBACK_RATE))
        before = len(recording.samples)
        wait_until(lambda: len(recording.samples) > before + RATE // 2, "all is recorded")
    return recording.samples


def steady(times: list[float]) -> bool:
    """Whether blocks follow each other at 10 ms, but for those that a busy machine delayed."""
    return bool(np.quantile(np.abs(np.diff(times) - 0.01), 0.9) < 0.006)


def test_played_samples_reach_the_loudspeaker(virtual_audio: VirtualAudio) -> None:
    tape, notices = Tape(), Notices()
    with Loudspeaker(None, tape.pull, notices) as speaker:
        assert speaker.name == "default"
        assert 0 < speaker.latency <= 0.1
        assert arrives(speech(PLAYBACK_RATE), lambda: played(virtual_audio, tape))
    assert not notices
    assert steady(tape.times)


def test_microphone_samples_are_received(virtual_audio: VirtualAudio) -> None:
    said = speech(MICROPHONE_RATE)
    ear, notices = Ear(), Notices()
    with Microphone(None, ear.hear, notices) as microphone:
        wait_until(lambda: ear.blocks, "the microphone delivers")
        assert microphone.alive

        def received() -> np.ndarray:
            before = len(ear.blocks)
            virtual_audio.speak(said, MICROPHONE_RATE)
            heard = len(ear.blocks)
            wait_until(lambda: len(ear.blocks) > heard + 50, "the rest is delivered")
            return np.concatenate([block.samples for block in ear.blocks[before:]])

        assert arrives(said, received)
    assert [block.start for block in ear.blocks] == list(range(0, 160 * len(ear.blocks), 160))
    assert {len(block.samples) for block in ear.blocks} == {160}
    assert steady(ear.times)
    assert not notices


def test_unplugged_loudspeaker_is_replaced_and_used_again(virtual_audio: VirtualAudio) -> None:
    tape, notices = Tape(), Notices()
    with Loudspeaker(None, tape.pull, notices) as speaker:
        wait_until(lambda: len(tape.times) > 20, "the loudspeaker plays")
        virtual_audio.kill()
        wait_until(lambda: notices, "the loss is noticed")
        assert notices.messages == ["The loudspeaker default is gone."]
        assert not speaker.alive
        pulled = len(tape.times)
        wait_until(lambda: len(tape.times) > pulled + 50, "the conversation goes on")
        virtual_audio.start()
        wait_until(lambda: len(notices) > 1, "the loudspeaker is taken back")
        assert notices.messages[1:] == ["The loudspeaker default is back."]
        assert speaker.alive
        assert arrives(speech(PLAYBACK_RATE), lambda: played(virtual_audio, tape))


def test_both_streams_survive_the_sound_server(virtual_audio: VirtualAudio) -> None:
    tape, ear, notices = Tape(), Ear(), Notices()
    with Loudspeaker(None, tape.pull, notices), Microphone(None, ear.hear, notices) as microphone:
        wait_until(lambda: len(tape.times) > 20 and len(ear.blocks) > 20, "both streams run")
        virtual_audio.kill()
        wait_until(lambda: len(notices) == 2, "both losses are noticed")
        virtual_audio.start()
        wait_until(lambda: len(notices) == 4, "both devices are taken back")
        assert sorted(notices.messages) == [
            "The loudspeaker default is back.",
            "The loudspeaker default is gone.",
            "The microphone default is back.",
            "The microphone default is gone.",
        ]
        heard = len(ear.blocks)
        wait_until(lambda: len(ear.blocks) > heard + 20, "the microphone hears again")
        assert microphone.alive
    assert [block.start for block in ear.blocks] == list(range(0, 160 * len(ear.blocks), 160))


def test_a_missing_device_comes_back_while_the_other_stream_runs(
    virtual_audio: VirtualAudio,
) -> None:
    tape, ear, notices = Tape(), Ear(), Notices()
    virtual_audio.unplug_headset()
    assert "headset" not in [device.name for device in list_devices()]
    with (
        Loudspeaker(None, tape.pull, Notices()),
        Microphone("headset", ear.hear, notices) as microphone,
    ):
        assert notices == [
            (
                "The microphone headset is not connected.",
                "The conversation continues with default.",
            )
        ]
        assert microphone.name == "default"
        virtual_audio.plug_headset()
        wait_until(lambda: len(notices) > 1, "the headset is taken")
        assert notices.messages[1] == "The microphone headset is back."
        assert microphone.name == "headset"
        microphone.use(None)
        wait_until(lambda: microphone.name == "default", "the microphone is changed")
        pulled = len(tape.times)
        wait_until(lambda: len(tape.times) > pulled + 20, "the loudspeaker plays on")
