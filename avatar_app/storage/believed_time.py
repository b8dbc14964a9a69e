"""The time by which old records are deleted: a clock that leaps ahead deletes nothing at first.

Records cannot tell a wrong clock from a user who was away. So a leap counts only when the clock has
gone on from there for some days; until then ages count from the time that was believed before.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from avatar_app.storage.timestamps import format_timestamp
from avatar_app.system.files import replacing
from avatar_app.system.paths import AppPaths

FILE = "clock.json"
LEAP = timedelta(days=14)
"""Between two starts, from which it may be that the clock is wrong."""
CONFIRMED_AFTER, CONFIRMED_WITHIN = timedelta(days=7), timedelta(days=366)
"""From the first start after a leap until one that confirms it; a later one has leapt again."""
_NOTED_EVERY = timedelta(hours=1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""What is believed where nothing was noted: nothing is older."""


@dataclass(frozen=True, slots=True)
class _Noted:
    """What is known of the clock, ISO 8601, UTC."""

    believed: str = format_timestamp(_BEGINNING)
    leapt_to: str = ""
    """Where the clock was first seen after a leap that is not believed yet."""


def believed_time(paths: AppPaths, now: datetime | None = None) -> datetime:
    """Return the time from which the ages of records are counted: the clock's, or an earlier one.
    What this start adds to the knowledge of the clock is noted in the data folder."""
    clock, path = now or datetime.now(UTC), paths.data / FILE
    noted = _read(path)
    seen = _seen(noted, clock)
    if seen != noted:
        text = json.dumps(asdict(seen), indent=1)
        with suppress(OSError), replacing(path) as unfinished:  # else old records stay for longer
            unfinished.write_text(text, encoding="utf-8")
    return min(clock, datetime.fromisoformat(seen.believed))


def _seen(noted: _Noted, clock: datetime) -> _Noted:
    """Return what is known after a look at the clock."""
    at, passed = format_timestamp(clock), clock - datetime.fromisoformat(noted.believed)
    if not noted.leapt_to and timedelta(0) <= passed < _NOTED_EVERY:
        return noted
    if passed <= LEAP:
        return _Noted(at)  # also where it was set back
    stood = clock - datetime.fromisoformat(noted.leapt_to or at)
    if not noted.leapt_to or not timedelta(0) <= stood <= CONFIRMED_WITHIN:
        return _Noted(noted.believed, at)
    return noted if stood < CONFIRMED_AFTER else _Noted(at)


def _read(path: Path) -> _Noted:
    """Return what was noted; nothing where that cannot be read."""
    try:
        noted = _Noted(**json.loads(path.read_text(encoding="utf-8")))
        times = map(datetime.fromisoformat, (noted.believed, noted.leapt_to or noted.believed))
        return noted if all(each.tzinfo for each in times) else _Noted()
    except (OSError, ValueError, TypeError):
        return _Noted()
