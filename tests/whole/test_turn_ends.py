"""Conversations with real weights: a pause in mid-sentence is no end, a true end comes soon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes import Scene
from starter import StarterSet

from avatar_app.bench.scripted.engines import (
    FlatFace,
    FlatVoice,
    PassThrough,
    ScriptedDialogue,
    ScriptedRecognizer,
)
from avatar_app.core.engines import EndOfTurnDetector
from avatar_app.core.events import UserSaid
from avatar_app.core.manifest import Kind
from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.engines.turn.pauses.engine import PauseRules
from avatar_app.engines.turn.smart_turn.engine import SmartTurn
from avatar_app.engines.vad.silero.engine import SileroDetector
from avatar_app.media.sound_reader import read_sound
from avatar_app.pipeline.conversation import Engines
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.session.offline.simulated_user import at_level, in_room, silence, trim_silence

DATA = Path(__file__).parents[1] / "data"
BELIEVING = TurnDetectionOptions(right_before=0)
ASK_NOT = (5.0, 8.8)
"""Seconds of the recording: "what your country can do for you, ask", a pause of 0.65 s within."""

pytestmark = [pytest.mark.real_models, pytest.mark.timeout(600)]


def recording(name: str, span: tuple[float, float] | None = None) -> Samples:
    samples = read_sound(DATA / name, MICROPHONE_RATE).samples
    if span is not None:
        samples = samples[slice(*(round(at * MICROPHONE_RATE) for at in span))]
    return at_level(trim_silence(samples))


def ends(detector: EndOfTurnDetector, samples: Samples) -> list[float]:
    """Seconds after the last word at which a turn of the user was over."""
    recognizer = ScriptedRecognizer(script=["it is good"] * 9)
    parts = PassThrough(), SileroDetector(), recognizer, ScriptedDialogue(), FlatVoice(), FlatFace()
    found: list[float] = []
    with Scene(engines=Engines(*parts, turn=detector), turn_detection=BELIEVING) as scene:
        sound = np.concatenate([silence(0.6), samples, silence(2.0)])
        last = 0.6 + len(samples) / MICROPHONE_RATE
        heard = in_room(sound, np.random.default_rng(5))
        for tick in scene.devices.pass_time(len(heard) / MICROPHONE_RATE, heard):
            while len(found) < len(scene.of(UserSaid)):
                found.append(tick.at - last)
    parts[1].close()
    return found


def test_a_finished_sentence_ends_sooner_than_by_its_pause(starter: StarterSet) -> None:
    sentence = recording("librivox-0870.wav")  # sure at 0.98; the other reader's 0.86 is not
    (usual,) = ends(PauseRules(), sentence)
    (early,) = ends(SmartTurn(str(starter.path(Kind.TURN))), sentence)
    assert usual - early > 0.2


def test_a_pause_in_mid_sentence_does_not_end_the_turn(starter: StarterSet) -> None:
    found = ends(SmartTurn(str(starter.path(Kind.TURN))), recording("jfk.flac", ASK_NOT))
    assert len(found) == 1
    assert found[0] > 0
