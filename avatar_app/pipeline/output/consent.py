"""Consent: what cannot be taken back is done only after the user named it, or pressed a button.

A spoken answer counts only if it began while the avatar was silent, after the whole question was
heard: so neither the avatar's own voice nor a word to somebody else is ever taken for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from avatar_app.core.events import ConsentAsked, ConsentOutcome, ConsentSettled, Event, Outcome
from avatar_app.core.prompt import Prompt
from avatar_app.core.real_time import suspended_seconds
from avatar_app.core.turn import Turn
from avatar_app.core.values import Permission, PermissionRequest, ToolResult
from avatar_app.pipeline.output.consent_words import ConsentWords, Reading, words_for
from avatar_app.pipeline.output.reply import ReplyHandlers, called, with_picture
from avatar_app.pipeline.utterance import Utterance

EXPIRES_AFTER = 20.0
"""Seconds after the question was heard, those of a suspended computer included."""
MOST_QUESTIONS = 3
"""How often the avatar asks before it gives up."""
LONGEST_RESULT = 2000
"""Characters of a result that a dialogue engine reads."""


@dataclass(slots=True)
class _Waiting:
    """A request, and the turn that asks for it."""

    id: int
    request: PermissionRequest
    turn: Turn
    language: str
    since: float | None = None
    """Seconds of the clock at which the question ended; None while it sounds."""
    suspended: float = 0.0
    """Seconds for which the clock had stood still by then."""
    heard: bool = False
    """To its end."""
    questions: int = 1
    posted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ConsentAnswer:
    """What an answer to a request comes to, once its turn is committed."""

    gate: ConsentGate
    request_id: int
    reading: Reading
    words: ConsentWords
    said: str
    prompt: Prompt | None = None
    """To be answered with the result; None for a button."""

    def carried_out(self, turn: Turn, handlers: ReplyHandlers) -> Prompt | str:
        """Do it, leave it, or ask again. Returns the prompt, or the words, with which the user
        learns of it."""
        handlers.wait_committed(turn)
        if self.reading in (Reading.VAGUE, Reading.EARLY):
            return self.gate.ask_again(self.request_id, turn, self.words, self.reading)
        request = self.gate.take(self.request_id, self.reading)
        if request is None:
            return self.words.told("expired")
        if self.reading is Reading.REFUSED:
            return self.words.told("refused")
        consent = Permission.SAID if self.prompt else Permission.CLICKED
        result = called(replace(request.call, consent=consent), turn, handlers.call_tool)
        if result.error:
            return self.words.told("failed", error=result.error)
        done = self.words.told("begun" if request.begins else "done", act=request.act)
        if result.picture is not None and self.prompt is not None:
            handlers.show(turn, result.picture)
            return with_picture(self.prompt, result.picture)
        if self.prompt is None or not _is_worth_telling(result.value):
            return done
        return replace(self.prompt, done=f"{done} {_shortened(result)}")


class ConsentGate:
    """The one request that waits for an answer. Thread-safe: it is asked by the thread that thinks,
    and answered on the conversation's."""

    def __init__(self, suspended: Callable[[], float] = suspended_seconds) -> None:
        """`suspended`: a number that grows by the seconds for which the clock stands still."""
        self._suspended = suspended
        self._lock = threading.Lock()
        self._waiting: _Waiting | None = None
        self._settled: list[ConsentSettled] = []
        self._last_id = 0

    def ask(self, turn: Turn, request: PermissionRequest) -> str:
        """Take a request, in place of an earlier one, and return the question."""
        translated = request.translations.get(turn.language[:2].lower(), request.act)
        request = replace(request, act=translated)
        with self._lock:
            self._settle(ConsentOutcome.EXPIRED)
            self._last_id += 1
            self._waiting = _Waiting(
                self._last_id, request, turn, turn.language, suspended=self._suspended()
            )
        return words_for(turn.language).question(request)

    def answered(
        self, prompt: Prompt, utterance: Utterance | None = None
    ) -> Prompt | ConsentAnswer:
        """Return what the user's words come to: the prompt, where they answer no request.

        `utterance`: how they were said; None if they were typed.
        """
        language = utterance.language if utterance else ""
        over_avatar = utterance is not None and utterance.over_avatar
        with self._lock:
            waiting = self._current()
            if waiting is None:
                return prompt
            words = words_for(language or waiting.language)
            reading = words.reading(prompt.user_text, waiting.request)
            if reading is Reading.OTHER:
                return prompt
            if reading is not Reading.REFUSED and (over_avatar or not waiting.heard):
                reading = Reading.EARLY
            return ConsentAnswer(self, waiting.id, reading, words, prompt.user_text, prompt)

    def clicked(self, request_id: int, *, agreed: bool) -> ConsentAnswer | None:
        """Return what a button comes to; None where the request waits no longer."""
        with self._lock:
            waiting = self._current()
            if waiting is None or waiting.id != request_id:
                return None
            words = words_for(waiting.language)
            reading = Reading.AGREED if agreed else Reading.REFUSED
            said = words.answer(waiting.request, agreed=agreed)
            return ConsentAnswer(self, request_id, reading, words, said)

    def ask_again(self, request_id: int, turn: Turn, words: ConsentWords, why: Reading) -> str:
        """Return why a yes does not count; the turn that says so asks from now on."""
        with self._lock:
            waiting = self._current()
            if waiting is None or waiting.id != request_id:
                return words.told("expired")
            waiting.questions += 1
            if waiting.questions > MOST_QUESTIONS:
                self._settle(ConsentOutcome.REFUSED)
                return words.told("refused")
            waiting.turn, waiting.since, waiting.heard = turn, None, False
            return words.again(waiting.request, why)

    def take(self, request_id: int, reading: Reading) -> PermissionRequest | None:
        """Return the request and settle it; None where it waits no longer. Nothing is done
        twice."""
        with self._lock:
            waiting = self._current()
            if waiting is None or waiting.id != request_id:
                return None
            request = waiting.request
            is_agreed = reading is Reading.AGREED
            self._settle(ConsentOutcome.AGREED if is_agreed else ConsentOutcome.REFUSED)
            return request

    def ended(self, turn: Turn, outcome: Outcome, now: float) -> None:
        """A turn ended: only a question that was heard to its end can be answered by words."""
        with self._lock:
            waiting = self._waiting
            if waiting is not None and waiting.turn is turn:
                waiting.since, waiting.heard = now, outcome is Outcome.FINISHED
                waiting.suspended = self._suspended()

    def watch(self, post: Callable[[Event], None], now: float, *, floor_taken: bool) -> None:
        """Called for every block: post what happened, and let a request expire."""
        with self._lock:
            waiting = self._current()
            if waiting is not None and not floor_taken and self._age(waiting, now) > EXPIRES_AFTER:
                self._settle(ConsentOutcome.EXPIRED)
            events: list[Event] = list(self._settled)
            self._settled.clear()
            waiting = self._waiting
            if waiting is not None and not waiting.posted:
                waiting.posted = True
                request = waiting.request
                events.append(ConsentAsked(waiting.id, request.act, request.details))
        for event in events:
            post(event)

    def _current(self) -> _Waiting | None:
        """Return the request that waits. None outlives a suspended computer, even before the first
        block is heard after it."""
        if self._waiting is not None and self._stood_still(self._waiting) > EXPIRES_AFTER:
            self._settle(ConsentOutcome.EXPIRED)
        return self._waiting

    def _age(self, waiting: _Waiting, now: float) -> float:
        """Return the seconds since the question ended."""
        return 0.0 if waiting.since is None else now - waiting.since + self._stood_still(waiting)

    def _stood_still(self, waiting: _Waiting) -> float:
        return self._suspended() - waiting.suspended

    def _settle(self, outcome: ConsentOutcome) -> None:
        if self._waiting is not None:
            if self._waiting.posted:
                self._settled.append(ConsentSettled(self._waiting.id, outcome))
            self._waiting = None


def _is_worth_telling(value: Any) -> bool:
    """Whether a result says more than that it was done."""
    return value is not None and not isinstance(value, bool | int | float)


def _shortened(result: ToolResult) -> str:
    text = str(result.value)
    return text if len(text) <= LONGEST_RESULT else text[:LONGEST_RESULT] + " …"
