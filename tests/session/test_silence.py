"""The loudspeaker sleeps after a long silence, and at nothing else."""

from __future__ import annotations

from avatar_app.core.events import AudioLevels, State, StateChanged
from avatar_app.session.live_conversation import SILENT_SECONDS, Silence

LEVELS = AudioLevels(-70.0, 0.0, -100.0)


def test_silence_lasts_from_the_end_of_the_last_turn() -> None:
    now = 0.0
    silence = Silence(lambda: now)
    assert not silence.lasts(LEVELS)
    now = SILENT_SECONDS
    assert silence.lasts(LEVELS)
    for state in (State.LISTENING, State.THINKING, State.SPEAKING):
        assert not silence.lasts(StateChanged(state))
        now += 100.0
        assert not silence.lasts(LEVELS)
    assert not silence.lasts(StateChanged(State.IDLE))
    now += SILENT_SECONDS - 0.1
    assert not silence.lasts(LEVELS)
    now += 0.1
    assert silence.lasts(LEVELS)
