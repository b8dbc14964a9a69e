"""Fallback logic for one slot: when to give up its engine, what to load, what to report.

Pure: receives failures, successes and time, and owns no engine and no thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from avatar_app.core.errors import (
    AvatarError,
    DeviceUnavailable,
    InputInvalid,
    ModelMissing,
    OutOfMemory,
)
from avatar_app.core.events import Failed, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.runtime.fallback.quality_ladder import QualityLadder, QualityLevel, Tier
from avatar_app.runtime.kinds import KINDS

FAILURES = 3
WITHIN = 60.0
"""Seconds within which three failures are too many."""
LASTING = (ModelMissing, InputInvalid, DeviceUnavailable, OutOfMemory)
"""Errors that do not go away by trying again."""
NOTICE_DELAY = 1.0
"""Seconds after a face's fall until it is reported: by then it is known how deep it was."""


class Slot:
    """Gives up an engine after three failures within a minute, or a lasting one: the built-in one
    is loaded instead, and the chosen one again later."""

    @property
    def reports_failures(self) -> bool:
        """Whether the slot alone reports failures. Detectors and echo cancellers fail in no
        turn, and are replaced within milliseconds."""
        return self.kind in (Kind.VAD, Kind.AEC, Kind.TURN, Kind.WAKE)

    def __init__(self, kind: Kind, ladder: QualityLadder, clock: Callable[[], float]) -> None:
        self.kind, self._clock = kind, clock
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self.is_loading = False
        self.fill(ladder)

    def fill(self, ladder: QualityLadder) -> None:
        """Record that the user's engine is in use, or a substitute since the start."""
        self.ladder, self.tier = ladder, ladder.level.tier
        self._failures.clear()
        self._wanted = False
        self._announced = None if ladder.is_at_top else self.tier
        """The engine last reported to the user; None for the chosen engine at its best."""

    def fail(self, failed: Failed) -> None:
        """Record that its engine failed."""
        now = self._clock()
        self._failures.append(now)
        enough = len(self._failures) == FAILURES and now - self._failures[0] <= WITHIN
        if enough or issubclass(failed.reason, LASTING):
            self.give_up(failed)

    def give_up(self, failed: Failed) -> None:
        """Record that its engine cannot be used."""
        self._failures.clear()
        if self.tier is Tier.CHOSEN and not self._wanted:
            while self.ladder.level.tier is Tier.CHOSEN:
                before = self.ladder.level
                if self.ladder.fall(failed.reason) == before:
                    return  # nothing simpler is left
            self._wanted = True

    def due(self, *, idle: bool) -> QualityLevel | None:
        """Return what to load now; `idle`: nobody speaks or is answered."""
        if self.is_loading:
            return None
        if self._wanted:
            return self.ladder.level
        return self.ladder.better if idle and self.tier is Tier.BUILTIN else None

    def took(self, level: QualityLevel) -> None:
        """Record that a due level is in use."""
        self.is_loading, self._wanted = False, False
        self.tier = level.tier
        if level.tier is Tier.BUILTIN:
            self._announced = level.tier
        self.ladder.rise(level)

    def missed(self, _error: type[AvatarError]) -> None:
        """Record that a due level could not be loaded."""
        self.is_loading = False
        if not self._wanted:
            self.ladder.stay()
        self._wanted = False

    def proves(self, turn: TurnEnded) -> bool:
        """Whether a turn that ended shows that the chosen engine works again. True once."""
        if self._announced is None or self.tier is not Tier.CHOSEN or not self._worked_in(turn):
            return False
        self._announced = None
        return True

    def _worked_in(self, turn: TurnEnded) -> bool:
        return KINDS[self.kind].mark in turn.marks


class FaceSlot(Slot):
    """Gives up a face at its first failure: by then the conversation shows a simpler one.

    One notice reports a descent, one the return to full quality.
    """

    @property
    def reports_failures(self) -> bool:
        return True

    def __init__(
        self, ladder: QualityLadder, clock: Callable[[], float], *, has_standby: bool
    ) -> None:
        super().__init__(Kind.FACE, ladder, clock)
        self.has_standby = has_standby
        """Whether a built-in face is loaded in addition to the chosen one."""

    def fill(self, ladder: QualityLadder) -> None:
        super().fill(ladder)
        self._failed: Failed | None = None
        self._tell_at: float | None = None

    def fail(self, failed: Failed) -> None:
        if self.tier is Tier.CHOSEN:
            self._wanted = self.ladder.fall(failed.reason).tier is Tier.CHOSEN
            self.tier = Tier.BUILTIN if self.has_standby else Tier.SOUND
        else:  # the standby failed: the ladder decides, unless a lighter choice loads
            self.tier = Tier.SOUND
            if self.ladder.level.tier is Tier.BUILTIN:
                self.ladder.fall(failed.reason)
        self._failed = self._failed or failed
        self._tell_at = self._clock() + NOTICE_DELAY

    def due(self, *, idle: bool) -> QualityLevel | None:
        if self.is_loading or not idle:
            return None
        return self.ladder.level if self._wanted else self.ladder.better

    def took(self, level: QualityLevel) -> None:
        self.is_loading, self._wanted = False, False
        self.tier = level.tier
        self.ladder.rise(level)

    def missed(self, _error: type[AvatarError]) -> None:
        self.is_loading = False
        if self._wanted:
            self._wanted = self.ladder.fall(_error).tier is Tier.CHOSEN
        else:
            self.ladder.stay()

    @property
    def shown(self) -> QualityLevel:
        """Return the level on show, which the standby has until another one is loaded."""
        level = self.ladder.level
        return level if level.tier is self.tier else QualityLevel(self.tier)

    def descent(self) -> Failed | None:
        """Return the failure to report now, once it is known how deep the fall was."""
        if self._tell_at is None or self._clock() < self._tell_at:
            return None
        failed, self._tell_at, self._failed = self._failed, None, None
        if failed is None or self._announced in (self.tier, Tier.SOUND):
            return None
        if self._announced is not None and self.tier is not Tier.SOUND:
            return None
        self._announced = self.tier
        return failed

    def proves(self, turn: TurnEnded) -> bool:
        at_rest = self.ladder.is_at_top and self._tell_at is None
        return at_rest and super().proves(turn)

    def _worked_in(self, turn: TurnEnded) -> bool:
        return bool(turn.pictures.chosen)
