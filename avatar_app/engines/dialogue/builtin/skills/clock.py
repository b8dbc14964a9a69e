"""Skill: time and date."""

from __future__ import annotations

from datetime import datetime

from avatar_app.engines.dialogue.builtin import spoken
from avatar_app.engines.dialogue.builtin.asking import Ask, Reply, Skill
from avatar_app.engines.dialogue.builtin.slots import Spans
from avatar_app.engines.dialogue.builtin.words import split


def tell_time(ask: Ask) -> Reply:
    now = yield from ask.now()
    yield ask.say("time", time=spoken.clock(now))
    return None


def time_elsewhere(ask: Ask) -> Reply:
    city = ask.slots["city"].title()
    value = yield from ask.use("time_in_city", city=city)
    elsewhere, local = datetime.fromisoformat(value["datetime"]), (yield from ask.now())
    key = "time_elsewhere" if elsewhere.date() == local.date() else "time_elsewhere_day"
    yield ask.say(key, city=city, time=spoken.clock(elsewhere), weekday=f"{elsewhere:%A}")
    return None


def tell_date(ask: Ask) -> Reply:
    now = yield from ask.now()
    yield ask.say("date", date=f"{spoken.day(now)}, {now.year}")
    return None


def date_of(ask: Ask) -> Reply:
    now = yield from ask.now()
    wanted = ask.slots["date"].day(now.date())
    what = {1: "Tomorrow", 0: "Today", -1: "Yesterday"}.get((wanted - now.date()).days, "")
    tense = "was" if wanted < now.date() else "is"
    yield ask.say("date_of", what=what, is_or_was=tense, date=spoken.day(wanted))
    return None


def days_until(ask: Ask) -> Reply:
    now = yield from ask.now()
    wanted = ask.slots["date"].day(now.date())
    days = yield from ask.use("days_until", day=wanted.isoformat())
    if days == 0:
        yield ask.say("day_is_today")
    else:
        yield ask.say("days_until", days=spoken.counted(days, "day"), date=spoken.day(wanted))
    return None


def birthday_left(ask: Ask) -> Reply:
    known = yield from ask.use("recall_facts", subject="user", attribute="birthday")
    dates = Spans(split(known[0]["value"])).of("date") if known else {}
    if not dates:
        yield ask.say("nothing_known")
        return None
    return (yield from days_until(ask.but({"date": next(iter(dates.values()))[1]})))


SKILLS: dict[str, Skill] = {
    "tell_time": tell_time,
    "time_elsewhere": time_elsewhere,
    "tell_date": tell_date,
    "date_of": date_of,
    "date_more": date_of,
    "days_until": days_until,
    "birthday_left": birthday_left,
}
