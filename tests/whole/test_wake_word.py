"""A whole conversation with real engines: who says the name is answered, who does not is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from real_models import LIGHT, talking
from starter import StarterSet
from wake_word import say

from avatar_app.core.events import Resting, State, TurnEnded, UserStarted
from avatar_app.core.values import BLOCK_SECONDS, MICROPHONE_RATE, Samples
from avatar_app.media.sound_reader import read_sound
from avatar_app.session.offline.conversation import OfflineConversation
from avatar_app.session.offline.simulated_user import at_level, in_room, silence

DATA = Path(__file__).parents[1] / "data"

pytestmark = [pytest.mark.real_models, pytest.mark.timeout(600)]


def hear(offline: OfflineConversation, *sounds: Samples) -> None:
    """Play a recording in a room."""
    sound = in_room(np.concatenate(sounds), np.random.default_rng(4))
    for _ in offline.devices.pass_time(len(sound) / MICROPHONE_RATE, sound):
        pass


def wait_for_rest(offline: OfflineConversation) -> None:
    """Until the avatar has answered."""
    for _ in range(6000):
        offline.devices.step()
        if offline.conversation.state is State.IDLE:
            return
    raise AssertionError("it never ended")


def test_a_recording_with_the_name_is_answered_and_one_without_is_not(
    wake_features: Path, starter: StarterSet
) -> None:
    wakeful = {"wake.engine": "livekit", "wake.options.model": str(wake_features)}
    ears = {name: value for name, value in starter.settings().items() if name.startswith("asr.")}
    other = at_level(read_sound(DATA / "jfk.flac", MICROPHONE_RATE).samples)
    with talking(LIGHT | ears | wakeful, BLOCK_SECONDS) as offline:
        hear(offline, silence(1.0), other, silence(2.0))
        assert not [event for _, event in offline.events if isinstance(event, UserStarted)]
        hear(offline, say("Hey Mira, what time is it?"), silence(1.5))
        wait_for_rest(offline)
        (turn,) = offline.ended
        assert "time" in turn.user_text.lower()
        assert "mira" not in turn.user_text.lower()
        assert turn.heard_text
        hear(offline, silence(9.0), other, silence(1.0))
        assert [event for _, event in offline.events if isinstance(event, TurnEnded)] == [turn]
    rests = [event for _, event in offline.events if isinstance(event, Resting)]
    assert [bool(rest.phrase) for rest in rests] == [True, False, True]
