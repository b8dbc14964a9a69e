"""Continued utterances: the user goes on before a word of the answer was heard."""

from __future__ import annotations

from avatar_app.pipeline.output.avatar_turn import AvatarTurnController
from avatar_app.pipeline.output.playback import Playback
from avatar_app.pipeline.output.unheard import is_unheard
from avatar_app.pipeline.utterance import Utterance


class UtteranceSequence:
    """Begins the user's utterances, and passes them on. Runs on the conversation thread only."""

    def __init__(self, avatar_turn: AvatarTurnController, playback: Playback) -> None:
        self._avatar_turn, self._playback = avatar_turn, playback
        self._last: Utterance | None = None

    def begin(self) -> Utterance:
        """Return a new utterance. If it may go on with the last one, it is recognized as a part of
        that one."""
        over_avatar = self._avatar_turn.avatar_speaking
        utterance = Utterance(self._avatar_turn.next_id(), over_avatar=over_avatar)
        if (before := self._unheard()) is not None:
            utterance.speech_id = before.speech_id
        return utterance

    def claim(self, utterance: Utterance) -> None:
        """Give the floor to an utterance, and add to it what it goes on with."""
        before, carried = self._unheard(), self._avatar_turn.claim()
        if before is not None and before.speech_id == utterance.speech_id:
            utterance.go_on_with(before)
        else:
            utterance.carried = carried

    def commit(self, utterance: Utterance) -> None:
        """Release the answer to an utterance that has ended."""
        self._last = utterance
        self._avatar_turn.commit(utterance)

    def _unheard(self) -> Utterance | None:
        """Return the last utterance, if the answer to it is unheard."""
        turn, last = self._avatar_turn.turn, self._last
        if turn is None or last is None or turn.id != last.id:
            return None
        return last if is_unheard(turn, self._playback) else None
