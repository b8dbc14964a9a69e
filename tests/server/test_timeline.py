"""Speech and pictures of a call keep together, by the sample that each picture belongs to."""

from __future__ import annotations

import numpy as np

from avatar_app.core.values import PLAYBACK_RATE
from avatar_app.server.webrtc.link import LinkKind, LinkMessage, picture_link, unpacked
from avatar_app.server.webrtc.timeline import DELAY, FADE, FRAME, CallTimeline, Sounding


class Call:
    """A timeline, and its clock: a frame of sound and a look at the picture every 20 ms."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timeline = CallTimeline(lambda: self.now)

    def step(self) -> tuple[np.ndarray, Sounding, int]:
        """Sound, the place of its first sample, and the level of the picture on show."""
        sound = self.timeline.next_sound()
        planes = self.timeline.picture()
        self.now += FRAME / PLAYBACK_RATE
        return sound, self.timeline.sounding, int(planes[0, 0]) if planes is not None else -1

    def speak(self, turn: int, start: int, count: int, level: int = 1000) -> None:
        self.timeline.speak(turn, start, np.full(count, level, np.int16))

    def show(self, turn: int, start: int, level: int) -> None:
        self.timeline.show(turn, start, np.full((3, 2), level, np.uint8))


def test_each_picture_is_shown_with_its_sample() -> None:
    call = Call()
    call.show(0, 0, 1)
    call.speak(1, 0, PLAYBACK_RATE)
    for at in range(25):
        call.show(1, at * PLAYBACK_RATE // 25, 100 + at)
    steps = [call.step() for _ in range(70)]
    spoken = [(sounding, level) for sound, sounding, level in steps if sound.any()]
    assert len(spoken) == 50
    for sounding, level in spoken:
        assert abs((level - 100) * PLAYBACK_RATE / 25 - sounding.position) <= PLAYBACK_RATE / 25
    assert round(DELAY * 50) <= [sound.any() for sound, *_ in steps].index(True) + 1
    assert call.timeline.sounding == Sounding(0)


def test_speech_that_is_cut_off_fades_and_nothing_of_it_follows() -> None:
    call = Call()
    call.speak(1, 0, PLAYBACK_RATE)
    while not call.step()[0].any():
        pass
    call.timeline.flush()
    sound, _, _ = call.step()
    assert sound[0] > sound[FADE // 2] > sound[FADE] == 0
    assert not any(call.step()[0].any() for _ in range(50))
    call.speak(2, 0, FRAME, level=2000)
    assert max(call.step()[0].max() for _ in range(20)) == 2000


def test_speech_that_was_not_begun_is_dropped_at_once() -> None:
    call = Call()
    call.speak(1, 0, PLAYBACK_RATE)
    call.timeline.flush()
    assert not any(call.step()[0].any() for _ in range(50))


def test_pictures_without_their_sound_are_shown_soon() -> None:
    call = Call()
    call.show(7, 0, 50)
    levels = [call.step()[2] for _ in range(40)]
    assert levels[0] == -1
    assert levels[-1] == 50


def test_messages_arrive_as_they_were_sent() -> None:
    image = np.zeros((2, 4, 3), np.uint8)
    image[:, 2:] = 255
    sent = picture_link(image, turn=5, place=480_000)
    came = unpacked(sent.packed())
    assert (came.kind, came.turn, came.place, came.height) == (LinkKind.PICTURE, 5, 480_000, 3)
    planes = np.frombuffer(came.content, np.uint8).reshape(3, -1)
    assert planes.tolist() == [[16, 16, 235, 235]] * 2 + [[128] * 4]  # video's black, white, gray
    assert unpacked(LinkMessage(LinkKind.OFFER, "é".encode()).packed()).text == "é"
