"""Fills the wait for a slow answer: a few spoken words about what is done, later a notice."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.core.events import Event, Noticed, WaitFilled
from avatar_app.core.turn import Turn
from avatar_app.pipeline.output.playback import ROUNDED
from avatar_app.pipeline.output.response_pipeline import FIRST_CLAUSE, ResponsePipeline
from avatar_app.pipeline.wait_notice import WaitNotice

FILL_AFTER = 1.5
"""Seconds from the end of the user's turn."""
NOTICE_AFTER = 5.0
"""Seconds without a sound."""

FillerWords = Callable[[Turn], str]
"""Returns what to say while a turn is waited for; empty for nothing."""


def is_spoken(turn: Turn, seconds: float) -> bool:
    """Whether a turn of which so many seconds were heard is being spoken: what fills the wait is
    speech only while it sounds."""
    return seconds > 0 and ("first_speech" in turn.marks or seconds < turn.aside - ROUNDED)


class WaitFiller:
    """Watches the turn that the user waits for; says something once, and never into the answer.
    What an engine itself explains is the business of `WaitNotice`."""

    def __init__(
        self,
        responses: ResponsePipeline,
        words: FillerWords | None,
        post: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        """`words`: None says nothing; the notice comes all the same."""
        self._responses, self._words = responses, words
        self._post, self._clock = post, clock
        self._explaining = WaitNotice(post, clock)
        self._turn: Turn | None = None
        self._silent_since = self._waited_since = self._heard = 0.0
        self._is_filled = self._is_noticed = False

    def watch(self, turn: Turn, heard_seconds: float, *, floor_taken: bool) -> None:
        """Called for every block while a turn is not over."""
        self._explaining.watch(turn)
        if turn is not self._turn:
            self._turn, self._heard = turn, 0.0
            self._silent_since = self._clock()
            self._waited_since = turn.marks.get("end_of_turn", self._clock())
            self._is_filled = self._words is None
            self._is_noticed = False
        if heard_seconds > self._heard or floor_taken:
            self._heard, self._silent_since = heard_seconds, self._clock()
        if FIRST_CLAUSE in turn.marks or floor_taken:
            return
        if not self._is_filled and self._clock() - self._waited_since >= FILL_AFTER:
            self._fill(turn)
        silence = self._clock() - self._silent_since
        if not self._is_noticed and silence >= NOTICE_AFTER and not turn.waits_for:
            self._is_noticed = True
            self._post(Noticed("The answer takes longer than usual.", "Esc stops it."))

    def _fill(self, turn: Turn) -> None:
        self._is_filled = True
        text = self._words(turn) if self._words is not None else ""
        if text and self._responses.fill_wait(turn, text):
            self._post(WaitFilled(turn.id, text))
