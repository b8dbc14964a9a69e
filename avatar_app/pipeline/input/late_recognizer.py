"""Watches the recognizer once the user's turn has ended: it is waited for, then given up."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.core.events import Event, Failed
from avatar_app.pipeline.builtin_engines import GOES_ON
from avatar_app.pipeline.input.recognition import RECOGNIZE, RecognitionStage
from avatar_app.pipeline.utterance import AudioSegment, Utterance
from avatar_app.pipeline.wait_notice import WaitNotice

RECOGNIZER_PATIENCE = 30.0
"""Seconds after the end of the user's turn without any activity after which the recognizer is given
up."""


class LateRecognizer:
    """Runs on the conversation thread only."""

    def __init__(
        self,
        recognition: RecognitionStage,
        post: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        self._recognition, self._post, self._clock = recognition, post, clock
        self._wait_notice = WaitNotice(post, clock)

    def watch(self, utterance: Utterance | None) -> bool:
        """Look at the user's turn, for every block; returns whether it is lost: the recognizer was
        given up, and the built-in one cannot hear it again."""
        if utterance is None or not utterance.ended:
            self._wait_notice.watch(None)
            return False
        late = [segment for segment in utterance.segments if not segment.final]
        self._wait_notice.watch(late[0].turn if late else None)
        stirred = (segment.turn.stirred_at for segment in late)
        if self._clock() - max(utterance.marks["end_of_turn"], *stirred) <= RECOGNIZER_PATIENCE:
            return False
        return self._give_up(utterance, late)

    def _give_up(self, utterance: Utterance, late: list[AudioSegment]) -> bool:
        self._recognition.restart()
        again = [self._recognition.hear_again(segment) for segment in late]
        hint = GOES_ON[RECOGNIZE] if all(again) else "Say it again, or choose another engine."
        self._post(Failed(utterance.id, RECOGNIZE, "What you said was not recognized.", hint))
        return not all(again)
