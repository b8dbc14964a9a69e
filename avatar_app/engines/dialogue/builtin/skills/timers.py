"""Skill: sets, lists and cancels timers and reminders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from avatar_app.engines.dialogue.builtin import spoken
from avatar_app.engines.dialogue.builtin.asking import Ask, Carry, Reply, Skill
from avatar_app.engines.dialogue.builtin.skills.talk import phrase
from avatar_app.engines.dialogue.builtin.slots import Spans
from avatar_app.engines.dialogue.builtin.words import split


def set_timer(ask: Ask) -> Reply:
    seconds = ask.slots["duration"].total_seconds()
    name = ask.slots.get("name", "")
    yield from ask.use("set_timer", seconds=seconds, name=name)
    key = "named_timer_set" if name else "timer_set"
    yield ask.say(key, time=spoken.duration(seconds), name_of=name)
    return None


def set_timer_openly(ask: Ask) -> Reply:
    yield ask.say("timer_how_long")
    return Carry(answer=_timer_length)


def _timer_length(ask: Ask) -> Reply:
    durations = Spans(split(ask.slots["text"])).of("duration")
    if not durations:
        yield ask.say("not_a_time")
        return None
    slots = {"duration": next(iter(durations.values()))[1]}
    return (yield from set_timer(ask.but(slots)))


def list_timers(ask: Ask) -> Reply:
    timers = yield from ask.use("list_timers")
    if not timers:
        yield ask.say("no_timers")
    elif len(timers) == 1:
        key = "one_named_timer" if timers[0]["text"] else "one_timer"
        left = spoken.duration(timers[0]["seconds_left"])
        yield ask.say(key, left=left, name_of=timers[0]["text"])
    else:
        lines = [f"{_timer(timer)}, {_left(timer)} left" for timer in timers]
        yield ask.say("timers", count=spoken.counted(len(lines), "timer"), list="; ".join(lines))
    return None


def cancel_timers(ask: Ask) -> Reply:
    cancelled = yield from ask.use("cancel_timers", name=ask.slots.get("name", ""))
    if cancelled:
        what = spoken.listing([_timer(timer) for timer in cancelled])
        yield ask.say("timers_cancelled", what=what)
    else:
        yield ask.say("no_such_timer")
    return None


def add_reminder(ask: Ask) -> Reply:
    now = yield from ask.now()
    when = ask.slots["when"]
    due = when.resolve(now)
    text = spoken.mirrored(ask.slots["text"])
    exact = due if when.after is not None else due.replace(tzinfo=None)  # or as clocks show then
    yield from ask.use("add_reminder", text=text, at=exact.isoformat(timespec="seconds"))
    yield ask.say("reminder_set", when=spoken.moment(due, now), text=text)
    return None


def set_alarm(ask: Ask) -> Reply:
    return (yield from add_reminder(ask.but({**ask.slots, "text": ask.say("alarm_text")})))


def add_reminder_openly(ask: Ask) -> Reply:
    """Ask for what is missing: first the text, then the time."""
    missing = "when" if "text" in ask.slots else "text"
    yield ask.say("reminder_when" if missing == "when" else "reminder_what")
    known = {f"known_{name}": value for name, value in ask.slots.items()}
    return Carry(answer=_reminder_part, values=known)


def _reminder_part(ask: Ask) -> Reply:
    answer = ask.slots["text"]
    known = {
        name.removeprefix("known_"): value
        for name, value in ask.slots.items()
        if name.startswith("known_")
    }
    if "text" not in known:
        known["text"] = answer
    else:
        moments = Spans(split(f"at {answer}" if answer[0].isdigit() else answer)).of("when")
        bare = moments or Spans(split(f"at {answer}")).of("when")
        if not bare:
            yield ask.say("not_a_time")
            return None
        known["when"] = next(iter(bare.values()))[1]
    complete = "when" in known and "text" in known
    return (yield from (add_reminder if complete else add_reminder_openly)(ask.but(known)))


def list_reminders(ask: Ask) -> Reply:
    reminders = yield from ask.use("list_reminders")
    if not reminders:
        yield ask.say("no_reminders")
        return None
    now = yield from ask.now()
    lines = [
        f"{spoken.moment(datetime.fromisoformat(reminder['due']), now)}, {reminder['text']}"
        for reminder in reminders
    ]
    yield ask.say("reminders", count=spoken.counted(len(lines), "reminder"), list="; ".join(lines))
    return None


def cancel_reminders(ask: Ask) -> Reply:
    text = spoken.mirrored(ask.slots.get("text", ""))
    cancelled = yield from ask.use("cancel_reminders", text=text)
    if cancelled:
        listed = spoken.listing([reminder["text"] for reminder in cancelled])
        yield ask.say("reminders_cancelled", list=listed)
    else:
        yield ask.say("no_reminders")
    return None


def _timer(timer: dict[str, Any]) -> str:
    return f"the {timer['text']} timer" if timer["text"] else "the timer"


def _left(timer: dict[str, Any]) -> str:
    return spoken.duration(timer["seconds_left"])


SKILLS: dict[str, Skill] = {
    "set_timer": set_timer,
    "set_timer_openly": set_timer_openly,
    "set_alarm": set_alarm,
    "list_timers": list_timers,
    "cancel_timers": cancel_timers,
    "pause_timer": phrase,
    "repeat_reminder": phrase,
    "add_reminder": add_reminder,
    "add_reminder_openly": add_reminder_openly,
    "list_reminders": list_reminders,
    "cancel_reminders": cancel_reminders,
}
