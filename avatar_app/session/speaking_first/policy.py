"""Decides whether anything is said first: usually nothing. Pure; the time is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from avatar_app.session.speaking_first.occasions import Remark
from avatar_app.settings.speaking import SpeaksFirstSettings
from avatar_app.storage.remarks import PastRemark, RemarkKind

MORNING_BEGINS, MORNING_ENDS = 5, 12
"""Hours of the local time between which a good morning is one."""
IGNORED_TIMES = 2
"""Remarks of a kind, the latest, after which nobody seems to want another."""
IGNORED_REST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SpeakingPolicy:
    """The user's wishes, as rules."""

    wishes: SpeaksFirstSettings

    @property
    def wants_any(self) -> bool:
        """Whether there is anything that the user wants to hear."""
        return self.wishes.morning or self.wishes.follow_ups

    def choose(
        self, now: datetime, past: Sequence[PastRemark], remarks: Iterable[Remark]
    ) -> Remark | None:
        """Return the remark to make now, or None. `now` has the user's time zone; `past` is what
        was said before, the oldest first. Whether a remark was made before is not looked at."""
        if not self.wants_any or self._is_quiet(now) or self._cools_down(now, past):
            return None
        return next((each for each in remarks if self._wants(each.kind, now, past)), None)

    def _wants(self, kind: RemarkKind, now: datetime, past: Sequence[PastRemark]) -> bool:
        if kind is RemarkKind.MORNING:
            wanted = self.wishes.morning and MORNING_BEGINS <= now.hour < MORNING_ENDS
        else:
            wanted = self.wishes.follow_ups
        return wanted and not _is_ignored(kind, now, past)

    def _is_quiet(self, now: datetime) -> bool:
        begin, end = self.wishes.quiet_from, self.wishes.quiet_until
        if begin <= end:
            return begin <= now.hour < end
        return now.hour >= begin or now.hour < end

    def _cools_down(self, now: datetime, past: Sequence[PastRemark]) -> bool:
        """A clock that was set back makes a remark lie ahead: that counts as near, not as far."""
        rest = timedelta(hours=self.wishes.cooldown)
        return any(abs(now - each.at) < rest for each in past)


def _is_ignored(kind: RemarkKind, now: datetime, past: Sequence[PastRemark]) -> bool:
    heard = [each for each in past if each.kind is kind and each.answered is not None]
    latest = heard[-IGNORED_TIMES:]
    if len(latest) < IGNORED_TIMES or any(each.answered for each in latest):
        return False
    return abs(now - latest[-1].at) < IGNORED_REST
