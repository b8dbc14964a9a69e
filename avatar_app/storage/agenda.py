"""Timers and reminders in SQLite, which fire even after a restart."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from avatar_app.core.errors import InputInvalid
from avatar_app.storage.database import Database
from avatar_app.tools.local_time import in_local_time
from avatar_app.tools.services import Alarm, Appointment


def _create_appointments(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE appointments"
        " (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL, due REAL NOT NULL)"
    )


MIGRATIONS = (_create_appointments,)
"""Append only: the file stores how many were applied."""

LONGEST_WAIT = 20.0
"""Seconds: a suspended machine or a changed clock is noticed after this at the latest."""
LATE = 60.0
"""Seconds: an appointment that fires later than this is reported as missed."""
LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()

Wait = Callable[[threading.Event, float], object]
"""Return when the event is set, or after so many seconds."""


def _local_time() -> datetime:
    return datetime.now(UTC).astimezone()


def _wait(changed: threading.Event, seconds: float) -> object:
    return changed.wait(seconds)


class Agenda:
    """Fires each appointment once, as a sentence to be spoken, from a thread of its own.

    An appointment is deleted after `fire` returned: a crash between the two repeats it, and never
    loses it.
    """

    def __init__(
        self,
        path: Path,
        fire: Callable[[str], None],
        clock: Callable[[], datetime] = _local_time,
        wait: Wait = _wait,
    ) -> None:
        self._database = Database(path, MIGRATIONS)
        self.notice = self._database.notice
        """One sentence for the user when a damaged file was moved aside."""
        self._fire = fire
        self._clock = clock
        self._wait = wait
        self._changed = threading.Event()
        self._closed = False
        self._fired: set[int] = set()
        self._reported = False
        self._thread = threading.Thread(target=self._watch, name="agenda", daemon=True)

    def start(self) -> None:
        """Start firing, missed appointments first."""
        self._thread.start()

    def close(self) -> None:
        """Stop firing; later appointments fire after the next start. May be called twice."""
        self._closed = True
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join()
        self._database.close()

    def add(self, kind: Alarm, text: str, due: datetime) -> Appointment:
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO appointments (kind, text, due) VALUES (?, ?, ?)",
                (kind.value, text, due.timestamp()),
            )
        self._changed.set()
        return Appointment(cursor.lastrowid or 0, kind, text, due)

    def appointments(self, kind: Alarm) -> list[Appointment]:
        """Return the appointments, the soonest first."""
        return [appointment for appointment in self._all() if appointment.kind is kind]

    def cancel(self, id: int) -> bool:
        """Delete an appointment; returns whether it existed."""
        with self._database.transaction() as connection:
            statement = "DELETE FROM appointments WHERE id = ?"
            cancelled = connection.execute(statement, (id,)).rowcount > 0
        self._changed.set()
        return cancelled

    def clear(self) -> None:
        """Delete all appointments."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM appointments")
        self._changed.set()

    def fire_due(self) -> None:
        """Fire all appointments that are due; called by the thread."""
        now = self._clock()
        for appointment in self._all():
            if appointment.due > now or self._closed:
                return
            if appointment.id not in self._fired:  # where it cannot be deleted it fires once
                self._fire(_sentence(appointment, now))
                self._fired.add(appointment.id)
            self.cancel(appointment.id)

    def _watch(self) -> None:
        while True:
            self._changed.clear()  # before looking: what changes meanwhile ends the next wait
            if self._closed:
                return
            self._wait(self._changed, self._fired_and_next())

    def _fired_and_next(self) -> float:
        """Fire what is due and return the seconds until the next check. A failing file is reported
        once and checked again later.
        """
        try:
            self.fire_due()
            return self._seconds_to_next()
        except InputInvalid as error:
            if not self._reported:
                self._reported = True
                self._fire(f"I cannot read my timers and reminders. {error.message}")
            return LONGEST_WAIT

    def _seconds_to_next(self) -> float:
        upcoming = self._all()
        if self._closed or not upcoming:
            return LONGEST_WAIT
        left = (upcoming[0].due - self._clock()).total_seconds()
        return min(max(left, 0.0), LONGEST_WAIT)

    def _all(self) -> list[Appointment]:
        now = self._clock()
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT id, kind, text, due FROM appointments ORDER BY due, id"
            ).fetchall()
        return [
            Appointment(id, Alarm(kind), text, in_local_time(_moment(due), now))
            for id, kind, text, due in rows
        ]


def _moment(seconds: float) -> datetime:
    """Return a time that is stored; beyond the calendar, one that nobody lives to see."""
    return datetime.fromtimestamp(min(seconds, LATEST), UTC)


def _sentence(appointment: Appointment, now: datetime) -> str:
    late = (now - appointment.due).total_seconds() > LATE
    then = f"{appointment.due:%I:%M %p}".lstrip("0")
    if appointment.due.date() != now.date():
        then = f"{appointment.due:%A}, {then}"
    if appointment.kind is Alarm.TIMER:
        name = f"{appointment.text} timer" if appointment.text else "timer"
        return (
            f"While you were away, your {name} ended, at {then}."
            if late
            else f"Ding ding! Your {name} is done."
        )
    return (
        f"While you were away, at {then}, I should have reminded you: {appointment.text}."
        if late
        else f"It's {then}. I remind you: {appointment.text}."
    )
