"""Local time on another day: its distance from UTC is not always today's."""

from __future__ import annotations

from datetime import datetime


def in_local_time(moment: datetime, now: datetime) -> datetime:
    """Return a moment as clocks show it on its day at the place where it is `now`.

    One without a time zone is local already. At this computer's place the clocks may be set forward
    or back until then; the time zone of another place is used as it is.
    """
    if now.utcoffset() == now.astimezone().utcoffset():
        return moment.astimezone()
    return moment.astimezone(now.tzinfo) if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
