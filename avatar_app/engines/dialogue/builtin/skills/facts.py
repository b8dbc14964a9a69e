"""Skill: remembers and recalls facts about the user."""

from __future__ import annotations

import re
from datetime import datetime

from avatar_app.engines.dialogue.builtin import spoken
from avatar_app.engines.dialogue.builtin.asking import Ask, Carry, Reply, Skill
from avatar_app.engines.dialogue.builtin.dates import When
from avatar_app.engines.dialogue.builtin.slots import Spans
from avatar_app.engines.dialogue.builtin.words import split

USER = "user"
_VERBS = (
    r"lives? (?:in|at|on|with)|works? (?:at|in|as|for)|stud(?:y|ies)(?: in| at)?|likes?|loves?"
    r"|hates?|plays?|wants?|has|have|comes? from|was born in|drives?|owns?|speaks?|prefers?"
)
_OF_MINE = re.compile(rf"my (?P<subject>.+?) (?P<verb>{_VERBS}) (?P<value>.+)", re.IGNORECASE)
_OF_ME = re.compile(rf"i (?P<verb>{_VERBS}) (?P<value>.+)", re.IGNORECASE)
_OWNED = re.compile(
    r"my (?P<subject>.+?)['’]s (?P<attribute>.+?) (?:is|are) (?P<value>.+)", re.IGNORECASE
)
_IS = re.compile(r"my (?P<attribute>.+?) (?:is|are|was) (?P<value>.+)", re.IGNORECASE)
_CALLED = re.compile(
    r"my (?P<subject>.+?) (?:is|are) (?:called|named) (?P<value>.+)", re.IGNORECASE
)
_HAVING = (("my",), ("i", "have", "a"), ("i", "have", "an"), ("i", "have", "my"))
_FACT = ("subject", "attribute", "value")
_NAMING = {"name", "lives in", "live in", "comes from", "come from", "was born in"}
"""Attributes whose values are capitalized."""


def tell_name(ask: Ask) -> Reply:
    name = ask.slots["value"].title()
    if name.startswith("Not "):
        yield ask.say("name_not_that")
        return Carry(answer=_name_answered)
    stated = {"subject": USER, "attribute": "name", "value": name, "said": ask.text}
    yield from ask.use("remember_fact", **stated)
    yield ask.say("name_learned", value=name)
    return None


def tell_birthday(ask: Ask) -> Reply:
    now = yield from ask.now()
    born = ask.slots["date"].day(now.date())
    return (yield from _learn(ask, USER, "birthday", f"{born:%B} {born.day}"))


def tell_upcoming(ask: Ask) -> Reply:
    """Remember what is on a coming day, by its date; anything else is only talked about."""
    now = yield from ask.now()
    found = upcoming_in(ask.text)
    day = found[1].day(now.date()) if found else now.date()
    if found is None or day <= now.date():
        yield ask.say("go_on")
        return None
    return (yield from _learn(ask, USER, found[0], f"on {spoken.day(day)}"))


def upcoming_in(text: str) -> tuple[str, When] | None:
    """Return what is on which day, where a text says just that: “My exam is on Tuesday.”"""
    words = split(text)
    said = [word.text for word in words]
    begin = next((len(each) for each in _HAVING if said[: len(each)] == list(each)), 0)
    for at in range(begin + 1, len(words)):
        end, day = Spans(words[at:]).of("date").get(0, (0, None))
        if begin and end == len(words) - at:
            named = said[begin:at]
            if begin == 1:
                named = named[:-1] if named[-1] == "is" else []
            return (" ".join(named), day) if named else None
    return None


def tell_favorite(ask: Ask) -> Reply:
    attribute = f"favorite {_plain(ask.slots['attribute'])}"
    return (yield from _learn(ask, USER, attribute, ask.slots["value"]))


def tell_home(ask: Ask) -> Reply:
    return (yield from _learn(ask, USER, "live in", ask.slots["value"]))


def tell_of_mine(ask: Ask) -> Reply:
    return (yield from remember_that(ask.but({"text": ask.text.strip(" .!")})))


def remember_that(ask: Ask) -> Reply:
    text = f"my {ask.slots['my']}" if "my" in ask.slots else ask.slots["text"]
    for pattern in (_OWNED, _CALLED, _OF_MINE, _OF_ME, _IS):
        if match := pattern.fullmatch(text):
            parts = match.groupdict()
            subject = parts.get("subject", USER).lower()
            attribute = _plain(parts.get("attribute") or parts.get("verb") or "name")
            return (yield from _learn(ask, subject, attribute, parts["value"], said=text))
    yield from ask.use("add_note", text=text)
    yield ask.say("learned_as_note", text=text)
    return None


def _learn(ask: Ask, subject: str, attribute: str, value: str, said: str = "") -> Reply:
    value = value.title() if attribute in _NAMING and value.islower() else value
    words = (said or ask.text).rstrip(" .!")
    stated = {"subject": subject, "attribute": attribute, "value": value, "said": words}
    yield from ask.use("remember_fact", **stated)
    yield ask.say("learned", fact=sentence(subject, attribute, value))
    return None


def _plain(text: str) -> str:
    """Normalize a fact's key: lower case, one spelling."""
    return " ".join(word.text for word in split(text))


def whats_my_name(ask: Ask) -> Reply:
    known = yield from ask.use("recall_facts", subject=USER, attribute="name")
    if known:
        yield ask.say("name_known", value=known[0]["value"])
        return None
    yield ask.say("name_unknown")
    return Carry(answer=_name_answered)


def _name_answered(ask: Ask) -> Reply:
    said = re.sub(r"^(?:it is|it's|i am|i'm|my name is)\s+", "", ask.slots["text"], flags=re.I)
    return (yield from tell_name(ask.but({"value": said})))


def recall(ask: Ask) -> Reply:
    attribute = _plain(ask.slots["attribute"])
    owned = re.fullmatch(r"(.+?)['’]s (.+)", attribute)
    subject, attribute = owned.groups() if owned else (USER, attribute)
    return (yield from _recall(ask, subject, attribute))


def recall_home(ask: Ask) -> Reply:
    return (yield from _recall(ask, USER, "live in"))


def recall_verb(ask: Ask) -> Reply:
    """Handle “where does my sister live”: the fact's attribute begins with the verb."""
    subject = ask.slots.get("subject", USER).lower()
    verb = ask.text.lower().split()[-1]
    known = yield from ask.use("recall_facts", subject=subject)
    fitting = [fact for fact in known if fact["attribute"].startswith(verb)]
    yield _list_facts(ask, fitting or known)
    return None


def recall_called(ask: Ask) -> Reply:
    return (yield from _recall(ask, ask.slots["subject"].lower(), "name"))


def recall_about(ask: Ask) -> Reply:
    subject = ask.slots["subject"].lower()
    known = yield from ask.use("recall_facts", subject=USER if subject == "me" else subject)
    yield _list_facts(ask, known)
    return None


def _recall(ask: Ask, subject: str, attribute: str) -> Reply:
    known = yield from ask.use("recall_facts", subject=subject, attribute=attribute)
    if not known and subject == USER:
        known = yield from ask.use("recall_facts", subject=attribute)
    yield _list_facts(ask, known)
    return None


def _list_facts(ask: Ask, known: list[dict[str, str]]) -> str:
    lines = [sentence(fact["subject"], fact["attribute"], fact["value"]) for fact in known]
    if not lines:
        return ask.say("nothing_known")
    if len(lines) == 1:
        return ask.say("fact_told", fact=lines[0])
    return ask.say("facts", list="; ".join(lines))


def sentence(subject: str, attribute: str, value: str) -> str:
    """Phrase the fact in the second person."""
    verb = re.fullmatch(_VERBS, attribute)
    value = spoken.mirrored(value)
    if subject == USER:
        return f"you {attribute} {value}" if verb else f"your {attribute} is {value}"
    if verb:
        return f"your {subject} {attribute} {value}"
    return f"your {subject}'s {attribute} is {value}"


def forget(ask: Ask) -> Reply:
    attribute = _plain(ask.slots.get("attribute", ""))
    subject = ask.slots.get("subject", "me").lower()
    if not attribute and subject in ("me", "myself"):
        yield ask.say("sure_to_forget")
        return Carry(yes=_forget_user, no=_keep)
    subject = USER if attribute else subject
    count = yield from ask.use("forget_facts", subject=subject, attribute=attribute)
    if not count and attribute:
        count = yield from ask.use("forget_facts", subject=attribute)
    yield ask.say("forgotten" if count else "nothing_known")
    return None


def forget_that(ask: Ask) -> Reply:
    """Forget what was learned or recalled last."""
    known = yield from ask.use("explain_fact")
    if known is None:
        yield ask.say("nothing_known")
        return None
    subject, attribute = known["subject"], known["attribute"]
    yield from ask.use("forget_facts", subject=subject, attribute=attribute)
    yield ask.say("forgotten_that", fact=sentence(subject, attribute, known["value"]))
    return None


def explain(ask: Ask) -> Reply:
    """Say when, and in which words, the user said it."""
    attribute = _plain(ask.slots.get("attribute", ""))
    about = {"subject": USER, "attribute": attribute} if attribute else {}
    known = yield from ask.use("explain_fact", **about)
    if known is None and attribute:
        known = yield from ask.use("explain_fact", subject=attribute)
    if known is None:
        yield ask.say("nothing_known")
    elif known["said"] and known["learned"]:
        when = datetime.fromisoformat(known["learned"])
        now = yield from ask.now()
        yield ask.say("explained", day=spoken.past_day(when.date(), now.date()), said=known["said"])
    else:
        yield ask.say("explained_long_ago", fact=sentence(*(known[name] for name in _FACT)))
    return None


def show_source(ask: Ask) -> Reply:
    """Show the sentence in the history."""
    said = yield from ask.use("show_source")
    yield ask.say("source_shown" if said else "nothing_known")
    return None


def _forget_user(ask: Ask) -> Reply:
    yield from ask.use("forget_facts", subject=USER)
    yield ask.say("forgotten")
    return None


def _keep(ask: Ask) -> Reply:
    yield ask.say("not_forgotten")
    return None


SKILLS: dict[str, Skill] = {
    "tell_name": tell_name,
    "tell_birthday": tell_birthday,
    "tell_upcoming": tell_upcoming,
    "tell_favorite": tell_favorite,
    "tell_home": tell_home,
    "tell_of_mine": tell_of_mine,
    "remember_that": remember_that,
    "whats_my_name": whats_my_name,
    "recall": recall,
    "recall_home": recall_home,
    "recall_verb": recall_verb,
    "recall_called": recall_called,
    "recall_about": recall_about,
    "forget": forget,
    "forget_that": forget_that,
    "explain": explain,
    "show_source": show_source,
}
