"""What became of something that a user said: how long the answer took, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from avatar_app.bench.result import Report


class Unanswered(StrEnum):
    """Why there is no answer."""

    UNHEARD = "unheard"
    """The server did not notice that somebody spoke."""
    DISCARDED = "discarded"
    """It noticed, and found no words."""
    EARLY = "early"
    """It answered while the user still spoke, and not again."""
    CUT_OFF = "cut_off"
    """The answer ended before its first sound, as the server heard somebody speak again."""
    SILENT = "silent"
    """The answer has no sound."""
    FAILED = "failed"
    """The answer failed."""
    TIMEOUT = "timeout"
    """Nothing more happened in time."""
    DISCONNECTED = "disconnected"
    """The server has gone."""


@dataclass(frozen=True, slots=True)
class TurnOutcome:
    """What became of one turn: one of both is set."""

    wait_ms: float | None = None
    """From the end of the voice to the first sound."""
    reason: Unanswered | None = None


_STATUS = {"cancelled": Unanswered.CUT_OFF, "failed": Unanswered.FAILED}


class TurnFollower:
    """Takes the server's events that come after something was said."""

    def __init__(self, earlier: set[str]) -> None:
        """`earlier`: responses that answer what was said before."""
        self._earlier = earlier
        self._spoken, self._open = set[str](), set[str]()
        self._early = set[str]()
        self._heard = False
        self.reason: Unanswered | None = None
        """Why the turn is unanswered so far; None while nothing is known."""
        self.answer = ""
        """The response that is the answer; empty before its first sound."""

    @property
    def is_pending(self) -> bool:
        """Whether something is under way that may become the answer."""
        return bool(self._spoken or self._open) or self.reason is None

    def take(self, event: Any, at: float, voice_ended_at: float | None) -> None:
        """Take an event that came at `at`. `voice_ended_at`: None while the user speaks."""
        match event.type:
            case "input_audio_buffer.speech_started":
                self._heard = True
                self._spoken.add(event.item_id)
            case "input_audio_buffer.speech_stopped":
                self._spoken.discard(event.item_id)
                self.reason = Unanswered.DISCARDED  # unless an answer begins
            case "response.created":
                self._open.add(event.response.id)
            case "response.output_audio.delta" if event.delta:
                is_early = voice_ended_at is None or at < voice_ended_at
                self._sounds(event.response_id, is_early=is_early)
            case "response.done" if event.response.id not in self._earlier:
                self._ends(event.response)
            case "error" if self._heard:
                self.reason = Unanswered.FAILED

    def give_up(self) -> Unanswered:
        """Return why there is no answer, when no more events are waited for."""
        if not self.is_pending and self.reason is not None:
            return self.reason
        return Unanswered.TIMEOUT if self._heard else Unanswered.UNHEARD

    def _sounds(self, response: str, *, is_early: bool) -> None:
        if response in self._earlier or response in self._early:
            return
        if is_early:
            self._early.add(response)
            self.reason = Unanswered.EARLY
        else:
            self.answer = response

    def _ends(self, response: Any) -> None:
        self._open.discard(response.id)
        if response.id in self._early:
            self.reason = Unanswered.EARLY
        else:
            self.reason = _STATUS.get(response.status, Unanswered.SILENT)


def add_answered(
    report: Report, name: str, outcomes: Sequence[TurnOutcome], least: float | None = None
) -> None:
    """Add which share of turns was answered, in percent, and how many were not for each reason."""
    answered = sum(outcome.reason is None for outcome in outcomes)
    report.add(name, 100 * answered / max(1, len(outcomes)), "%", least=least)
    reasons = Counter(outcome.reason for outcome in outcomes if outcome.reason is not None)
    for reason in Unanswered:
        if reasons[reason]:
            report.add(f"un{name}_{reason}", reasons[reason], "turns")


def waits_of(outcomes: Sequence[TurnOutcome]) -> list[float]:
    """Return the milliseconds until the first sound of the turns that were answered."""
    return [outcome.wait_ms for outcome in outcomes if outcome.wait_ms is not None]
