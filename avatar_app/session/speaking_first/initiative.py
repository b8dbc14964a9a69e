"""Speaks first, seldom: at a quiet moment with the user there, if they want it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta

from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Event, State, StateChanged, TurnEnded
from avatar_app.session.speaking_first.moment import SpeakingMoment
from avatar_app.session.speaking_first.occasions import KnownDays, Remark
from avatar_app.session.speaking_first.policy import SpeakingPolicy
from avatar_app.session.speaking_first.wishes import FirstWishes
from avatar_app.session.speaking_first.words import first_words
from avatar_app.storage.agenda import Agenda
from avatar_app.storage.memory import Memory
from avatar_app.storage.remarks import RemarkKind
from avatar_app.tools.services import Alarm

LULL = 5.0
"""Seconds without speech before anything is said first."""
ANSWERED_WITHIN = {
    RemarkKind.MORNING: timedelta(hours=1),
    RemarkKind.FOLLOW_UP: timedelta(minutes=2),
}
"""A question wants an answer soon; a good morning is answered by talking at all."""


class Initiative:
    """Receives events, in any thread, and `say`s what the policy chooses.

    A remark is written down before it is made, so that no crash and no restart repeats it. Files
    are read and written at lulls, in a thread of their own.
    """

    def __init__(
        self,
        memory: Memory,
        agenda: Agenda,
        wishes: FirstWishes,
        say: Callable[[str], None],
        clock: Callable[[], datetime],
        lull: float = LULL,
    ) -> None:
        self._memory, self._agenda, self._wishes = memory, agenda, wishes
        self._say, self._clock, self._lull = say, clock, lull
        self._lock = threading.Lock()
        self._moment = SpeakingMoment()
        self._timer: threading.Timer | None = None
        self._closed = False
        self._last: Remark | None = None
        self._said: Remark | None = None
        """What was chosen last, until it was heard."""
        self._open: tuple[Remark, datetime] | None = None
        """What was heard, and when, until something is said to it."""
        self._unwritten: tuple[Remark, bool] | None = None
        """Whether a remark was answered, until that is written."""
        self._talked_on: date | None = None

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._moment.follow(event, self._clock())
            if isinstance(event, TurnEnded):
                self._note(event)
            if isinstance(event, StateChanged):
                self._wait(begin=event.state is State.IDLE)

    def attend(self, *, visible: bool) -> None:
        """The user shows at the window, or it was hidden."""
        with self._lock:
            self._moment.attend(self._clock(), visible=visible)
            self._wait(begin=visible and self._moment.is_idle)

    def greeting(self) -> str:
        """Return what to say in place of the usual greeting; empty where nothing is chosen."""
        return self._chosen()

    def consider(self) -> None:
        """Say something, or, as a rule, nothing; called at a lull."""
        self._write()
        if text := self._chosen():
            self._say(text)

    def explain(self) -> str:
        last = self._last
        return last.reason if last is not None else ""

    def stop(self) -> tuple[str, ...]:
        wishes, last = self._wishes.now(), self._last
        switches = {RemarkKind.MORNING: wishes.morning, RemarkKind.FOLLOW_UP: wishes.follow_ups}
        wanted = [kind for kind, is_on in switches.items() if is_on]
        if last is not None and last.kind in wanted:
            wanted = [last.kind]
        self._switch(wanted, wanted=False)
        return tuple(wanted)

    def resume(self, kinds: Sequence[str]) -> None:
        self._switch([RemarkKind(kind) for kind in kinds], wanted=True)

    def forget(self) -> None:
        """Forget what was said first."""
        with self._lock:
            self._last = self._said = self._open = self._unwritten = None
        self._memory.remarks.clear()

    def close(self) -> None:
        """Say nothing more."""
        with self._lock:
            self._closed, timer = True, self._timer
            self._wait(begin=False)
        if timer is not None and timer is not threading.current_thread():
            timer.join()
        self._write()

    def _switch(self, kinds: Sequence[RemarkKind], *, wanted: bool) -> None:
        for kind in kinds:
            self._wishes.switch(kind, wanted=wanted)

    def _chosen(self) -> str:
        """Choose a remark and write it down; empty where there is none, or it cannot be written."""
        try:
            remark = self._remark() if self._is_free() else None
            if remark is None or not self._claimed(remark):
                return ""
        except InputInvalid:  # the memory reports it itself, when the user wants something
            return ""
        return remark.text

    def _is_free(self) -> bool:
        with self._lock:
            return not self._closed and self._moment.is_free(self._clock())

    def _remark(self) -> Remark | None:
        now, policy = self._clock(), SpeakingPolicy(self._wishes.now())
        words = first_words().get(self._wishes.language()) if policy.wants_any else None
        if words is None:
            return None
        known = KnownDays(self._memory.stated.all(), self._agenda.appointments(Alarm.REMINDER))
        done = self._memory.remarks
        remarks = known.remarks(now, words, greeted=self._talked_on == now.date())
        fresh = (each for each in remarks if not done.was_made(each.kind, each.about))
        remark = policy.choose(now, done.all(), fresh)
        return None if remark is None or self._wishes.in_call() else remark

    def _claimed(self, remark: Remark) -> bool:
        """Write a remark down, unless the user has begun to speak meanwhile."""
        done = self._memory.remarks
        if not self._is_free() or not done.claim(remark.kind, remark.about, self._clock()):
            return False
        with self._lock:
            self._last = self._said = remark
        return True

    def _note(self, ended: TurnEnded) -> None:
        """Notice that a remark was heard, and whether the user says something to it."""
        now, said = self._clock(), self._said
        if ended.user_text:
            self._talked_on = now.date()
            if self._open is not None:
                (remark, heard_at), self._open = self._open, None
                self._unwritten = remark, abs(now - heard_at) <= ANSWERED_WITHIN[remark.kind]
        elif said is not None and ended.heard_text and _begins_alike(ended.avatar_text, said.text):
            self._said, self._open, self._unwritten = None, (said, now), (said, False)

    def _write(self) -> None:
        """Write what became of a remark."""
        with self._lock:
            unwritten, self._unwritten = self._unwritten, None
        if unwritten is None:
            return
        remark, answered = unwritten
        with suppress(InputInvalid):  # as far as is known, it was not heard
            self._memory.remarks.heard(remark.kind, remark.about, answered=answered)

    def _wait(self, *, begin: bool) -> None:
        """Begin to wait for a lull, or stop waiting."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        if begin and not self._closed and SpeakingPolicy(self._wishes.now()).wants_any:
            self._timer = threading.Timer(self._lull, self.consider)
            self._timer.name, self._timer.daemon = "initiative", True
            self._timer.start()


def _begins_alike(one: str, other: str) -> bool:
    return one.split()[:2] == other.split()[:2]
