"""While it listens, the avatar shows that it does: at onsets, pauses and laughter; and says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from fakes import Scene

from avatar_app.bench.laughs import laugh
from avatar_app.bench.noises import NOISES
from avatar_app.core.events import TurnEnded, UserSaid, UserTurnDiscarded
from avatar_app.core.manifest import Kind
from avatar_app.core.values import FaceState, Samples
from avatar_app.media.blocks import blocks_of
from avatar_app.pipeline import commands
from avatar_app.pipeline.input.laughter import LaughterDetector
from avatar_app.session.offline.simulated_user import in_room, recordings, silence

MM_HM = "mm-hm"


@dataclass
class Unsure:
    """A detector of ends that always answers the same."""

    answer: float

    def configure(self, **options: object) -> None:
        """There are none."""

    def probability(self, _audio: object) -> float:
        return self.answer

    def close(self) -> None:
        """Nothing to release."""


def laughs(sound: Samples) -> list[float]:
    """Seconds at which it is heard that somebody began to laugh."""
    detector, found, before = LaughterDetector(), [], False
    for block in blocks_of(sound):
        now = detector.hear(block.samples)
        if now and not before:
            found.append(block.start / block.rate)
        before = now
    return found


@pytest.mark.parametrize("rate", [4.0, 4.5, 5.0, 5.5])
def test_laughter_is_heard_at_its_fourth_burst(rate: float) -> None:
    rng = np.random.default_rng(2)
    sound = in_room(np.concatenate([silence(0.5), laugh(rng, rate), silence(1)]), rng)
    (at,) = laughs(sound)
    assert at < 0.5 + 4.5 / rate


@pytest.mark.parametrize("recording", recordings(), ids=lambda each: each.name)
def test_speech_of_people_is_no_laughter(recording) -> None:
    assert laughs(in_room(recording.samples, np.random.default_rng(3))) == []


@pytest.mark.parametrize("name", sorted(NOISES))
def test_noises_are_no_laughter(name: str) -> None:
    rng = np.random.default_rng(4)
    sound = np.concatenate([silence(0.5), NOISES[name](rng), silence(1.0)])
    assert laughs(in_room(sound, rng)) == []


def looks(scene: Scene) -> list[FaceState]:
    """What the face did, in order."""
    found: list[FaceState] = []
    for look in scene.seen:
        if not found or look is not found[-1]:
            found.append(look)
    return found


class WatchedScene(Scene):
    """Notes how the face looks, each 10 ms."""

    def __init__(self, **options: object) -> None:
        self.seen: list[FaceState] = []
        super().__init__(**options)

    def wait(self, seconds: float, *, voice: bool = False) -> None:
        for _ in range(round(seconds * 100)):
            super().wait(0.01, voice=voice)
            self.seen.append(self.conversation.presenter.look)


def test_it_turns_to_the_speaker_and_nods_at_a_pause() -> None:
    with WatchedScene() as scene:
        scene.wait(0.5)
        scene.recognizer.script += ["I went to the", "I went to the shop"]
        scene.wait(0.2, voice=True)
        assert scene.seen[-1] is FaceState.LISTENING
        scene.wait(1.0, voice=True)
        scene.wait(0.3)
        assert looks(scene)[-2:] == [FaceState.LISTENING, FaceState.NODDING]
        scene.wait(0.6, voice=True)  # the nod ends
        assert scene.seen[-1] is FaceState.LISTENING


def test_it_smiles_along_with_laughter() -> None:
    with WatchedScene() as scene:
        scene.wait(0.5)
        rng = np.random.default_rng(5)
        for block in laugh(rng, 4.8).reshape(-1)[: 160 * 140].reshape(-1, 160):
            scene.moments += scene.devices.pass_time(0.01, block)
            scene.seen.append(scene.conversation.presenter.look)
        assert FaceState.AMUSED in scene.seen


def murmured(scene: Scene, since: int) -> float:
    """Seconds of sound that the loudspeaker played since a moment."""
    return sum(bool(np.abs(moment.played).max() > 0) for moment in scene.moments[since:]) / 100


def tell(scene: Scene, text: str, seconds: float = 5.0) -> float:
    """A long story with a pause; returns the seconds that were heard in the pause."""
    scene.recognizer.script.append(text)
    scene.wait(seconds, voice=True)
    since = len(scene.moments)
    scene.wait(0.5)
    return murmured(scene, since)


def test_an_unfinished_story_is_acknowledged_and_goes_on() -> None:
    with Scene(acknowledgment=MM_HM) as scene:
        scene.wait(0.5)
        assert 0.1 < tell(scene, "yesterday I met a friend and") < 0.5
        scene.say("we talked", 1.0, 1.5)
        scene.wait_until(lambda: bool(scene.of(TurnEnded)))
        (said,) = scene.of(UserSaid)
        assert said.text == "yesterday I met a friend and we talked"
        (turn,) = scene.of(TurnEnded)
        assert MM_HM not in turn.heard_text
        assert scene.of(UserTurnDiscarded) == []


def test_a_detector_that_hears_no_end_is_enough() -> None:
    with Scene(acknowledgment=MM_HM) as scene:
        scene.send(commands.SwitchEngine(Kind.TURN, Unsure(0.05)))
        scene.wait(0.5)
        assert tell(scene, "we went to the sea") > 0.1


@pytest.mark.parametrize(
    ("acknowledgment", "text", "seconds", "answer"),
    [
        (MM_HM, "yesterday I met a friend", 5.0, 0.95),  # an end
        (MM_HM, "yesterday I met a friend", 5.0, 0.0),  # nobody knows
        (MM_HM, "and", 1.0, 0.05),  # too short
        ("", "yesterday I met a friend and", 5.0, 0.05),  # nobody wants it
    ],
)
def test_otherwise_it_is_silent(
    acknowledgment: str, text: str, seconds: float, answer: float
) -> None:
    with Scene(acknowledgment=acknowledgment) as scene:
        scene.send(commands.SwitchEngine(Kind.TURN, Unsure(answer)))
        scene.wait(0.5)
        assert tell(scene, text, seconds) == 0


def test_it_is_said_now_and_then_only() -> None:
    with Scene(acknowledgment=MM_HM) as scene:
        scene.wait(0.5)
        heard = [tell(scene, "and then I went to the", 4.0) for _ in range(4)]
        assert [seconds > 0 for seconds in heard] == [True, False, True, False]


def test_an_answer_is_heard_all_the_same() -> None:
    with Scene(acknowledgment=MM_HM) as scene:
        scene.wait(0.5)
        assert tell(scene, "yesterday I met a friend and") > 0
        scene.send(commands.TextTyped("hello"))
        scene.wait_until(lambda: bool(scene.of(TurnEnded)))
        assert scene.of(TurnEnded)[0].heard_text
