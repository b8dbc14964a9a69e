"""Timers and reminders, which the application fires and the avatar speaks."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from avatar_app.core.errors import InputInvalid
from avatar_app.core.turn import Turn
from avatar_app.tools.local_time import in_local_time
from avatar_app.tools.services import Alarm, Appointment, Services

LONGEST_TIMER = 7 * 24 * 3600
"""Seconds."""
MOST_YEARS = 100
"""For which a reminder can be set."""


def set_timer(
    services: Services,
    turn: Turn | None,
    seconds: Annotated[float, Field(gt=0, le=LONGEST_TIMER)],
    name: str = "",
) -> dict[str, Any]:
    """Start a countdown; when it ends the avatar says so.

    Args:
        seconds: How long the timer runs.
        name: What it is for, such as "pasta"; empty for a timer without a name.
    """
    now = services.clock()
    timer = services.agenda.add(Alarm.TIMER, name.strip(), now + timedelta(seconds=seconds))
    what = f"the timer: {timer.text}" if timer.text else "the timer"
    services.undo.add(what, partial(_remove, services, timer), turn)
    return _appointment_record(timer, now)


def list_timers(services: Services) -> list[dict[str, Any]]:
    """List the running timers with the seconds that are left, the soonest first."""
    now = services.clock()
    return [_appointment_record(timer, now) for timer in services.agenda.appointments(Alarm.TIMER)]


def cancel_timers(services: Services, name: str = "") -> list[dict[str, Any]]:
    """Cancel running timers and list those that were cancelled.

    Args:
        name: The name of the timer to cancel; empty cancels all timers.
    """
    return _cancel(services, Alarm.TIMER, name)


def add_reminder(services: Services, turn: Turn | None, text: str, at: datetime) -> dict[str, Any]:
    """Remind the user of something at a time.

    Args:
        text: What to do, in the user's words: "call mom".
        at: Local date and time, as YYYY-MM-DDTHH:MM.
    """
    now = services.clock()
    if at.year > now.year + MOST_YEARS:
        raise InputInvalid("That is too far away.", f"I remind you for {MOST_YEARS} years.")
    if at.year < now.year - 1 or (due := in_local_time(at, now)) <= now:
        raise InputInvalid("That time has passed already.")
    if not text.strip():
        raise InputInvalid("A reminder needs something to remind you of.")
    reminder = services.agenda.add(Alarm.REMINDER, text.strip(), due)
    what = f"the reminder: {reminder.text}"
    services.undo.add(what, partial(_remove, services, reminder), turn)
    return _appointment_record(reminder, now)


def list_reminders(services: Services) -> list[dict[str, Any]]:
    """List the reminders that have not fired yet, the soonest first."""
    now = services.clock()
    return [
        _appointment_record(reminder, now)
        for reminder in services.agenda.appointments(Alarm.REMINDER)
    ]


def cancel_reminders(services: Services, text: str = "") -> list[dict[str, Any]]:
    """Cancel reminders and list those that were cancelled.

    Args:
        text: Part of what the reminder says; empty cancels all reminders.
    """
    return _cancel(services, Alarm.REMINDER, text)


def _appointment_record(appointment: Appointment, now: datetime) -> dict[str, Any]:
    return {
        "text": appointment.text,
        "due": appointment.due.isoformat(timespec="seconds"),
        "seconds_left": max(0, round((appointment.due - now).total_seconds())),
    }


def _cancel(services: Services, kind: Alarm, part: str) -> list[dict[str, Any]]:
    wanted = part.strip().casefold()
    cancelled = [
        appointment
        for appointment in services.agenda.appointments(kind)
        if wanted in appointment.text.casefold() and services.agenda.cancel(appointment.id)
    ]
    if cancelled:
        what = f"cancelling the {kind.value}{'s' if len(cancelled) > 1 else ''}"
        services.undo.add(what, partial(_add_again, services, cancelled))
    return [_appointment_record(appointment, services.clock()) for appointment in cancelled]


def _remove(services: Services, appointment: Appointment) -> None:
    """Cancel by text and time: an undone cancellation gives it another id."""
    for each in services.agenda.appointments(appointment.kind):
        if (each.text, each.due) == (appointment.text, appointment.due):
            services.agenda.cancel(each.id)


def _add_again(services: Services, cancelled: list[Appointment]) -> None:
    for each in cancelled:
        services.agenda.add(each.kind, each.text, each.due)


TOOLS = (
    set_timer,
    list_timers,
    cancel_timers,
    add_reminder,
    list_reminders,
    cancel_reminders,
)
