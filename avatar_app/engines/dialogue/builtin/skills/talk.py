"""Skill: small talk: greetings, thanks and courtesies."""

from __future__ import annotations

from avatar_app.engines.dialogue.builtin.asking import Ask, Carry, Reply, Skill, Use
from avatar_app.engines.dialogue.builtin.skills.collection import tell_joke, tell_story


def phrase(ask: Ask) -> Reply:
    """Answer with one of the phrases named like the intent."""
    yield ask.say(ask.intent)
    return None


def aside(ask: Ask) -> Reply:
    """The same, but "another one" still refers to the earlier answer."""
    yield ask.say(ask.intent)
    return Carry(topic=ask.past.carry.topic)


def greet(ask: Ask) -> Reply:
    user = yield from _user_name(ask)
    part = yield from _time_of_day(ask)
    yield ask.say("hello", user=user, time_of_day=part)
    return None


def goodbye(ask: Ask) -> Reply:
    user = yield from _user_name(ask)
    yield ask.say("goodbye", user=user)
    return None


def bored(ask: Ask) -> Reply:
    offer = ask.say("bored")
    yield offer
    return Carry(yes=tell_joke if "joke" in offer else tell_story, no=_declined)


def _declined(ask: Ask) -> Reply:
    yield ask.say("disagree")
    return None


def _user_name(ask: Ask) -> Use:
    if not ask.offers("recall_facts"):
        return ""
    known = yield from ask.use("recall_facts", subject="user", attribute="name")
    return known[0]["value"] if known else ""


def _time_of_day(ask: Ask) -> Use:
    if not ask.offers("current_time"):
        return ""
    hour = (yield from ask.now()).hour
    return (
        "Good morning"
        if 4 <= hour < 12
        else "Good afternoon"
        if 12 <= hour < 18
        else "Good evening"
    )


SKILLS: dict[str, Skill] = {
    "greet": greet,
    "goodbye": goodbye,
    "bored": bored,
    **dict.fromkeys(
        (
            "how_are_you", "fine", "sorry", "welcome", "welcome_back", "romance", "doubt",
            "agree", "disagree", "never_mind", "confused",
        ),
        phrase,
    ),
    **dict.fromkeys(("thanks", "praise", "insult", "laugh"), aside),
}  # fmt: skip
