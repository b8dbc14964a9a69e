"""Facts about the user and the people and things around them."""

from __future__ import annotations

from functools import partial

from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Control
from avatar_app.core.turn import Turn
from avatar_app.tools.services import Fact, RememberedFact, Services


def remember_fact(
    services: Services,
    turn: Turn | None,
    subject: str,
    attribute: str,
    value: str,
    said: str = "",
) -> dict[str, str]:
    """Remember a fact for later conversations; it replaces an earlier value.

    Args:
        subject: Whom or what it is about: "user" for the user, else as the user says: "sister".
        attribute: What is stated: "name", "birthday", "favorite color", "lives in".
        value: The fact itself: "Anna", "Oslo".
        said: The user's own words, as far as they state it.
    """
    fact = Fact(subject.strip().lower(), attribute.strip().lower(), value.strip())
    if not (fact.subject and fact.attribute and fact.value):
        raise InputInvalid("A fact needs a subject, an attribute and a value.")
    before = services.memory.remembered(fact.subject, fact.attribute)
    services.memory.learn(fact, said.strip(), services.clock())
    services.undo.add(
        f"that I remember: {_stated(fact)}", partial(_restore, services, fact, before), turn
    )
    return _fact_record(fact)


def recall_facts(
    services: Services, subject: str = "", attribute: str = ""
) -> list[dict[str, str]]:
    """Recall what the user said earlier.

    Args:
        subject: "user" for the user, else as the user says: "sister"; empty for all subjects.
        attribute: "name", "lives in", …; empty for all attributes.
    """
    found = services.memory.facts(subject.strip().lower(), attribute.strip().lower())
    return [_fact_record(fact) for fact in found]


def explain_fact(
    services: Services, subject: str = "", attribute: str = ""
) -> dict[str, str] | None:
    """Tell from which words of the user a fact was learned, and when; None if there is none.

    Args:
        subject: "user" for the user, else as the user says: "sister".
        attribute: "name", "lives in", …; both empty for the fact that was mentioned last.
    """
    known = services.memory.source(subject.strip().lower(), attribute.strip().lower())
    if known is None:
        return None
    learned = known.learned.isoformat() if known.learned else ""
    return _fact_record(known.fact) | {"said": known.said, "learned": learned}


def show_source(services: Services, subject: str = "", attribute: str = "") -> str:
    """Show in the window where the user said something that you know; returns their words, or an
    empty text if they were not kept.

    Args:
        subject: "user" for the user, else as the user says: "sister".
        attribute: "name", "lives in", …; both empty for the fact that was mentioned last.
    """
    known = services.memory.source(subject.strip().lower(), attribute.strip().lower())
    if known is None or not known.said:
        return ""
    services.controls.show(Control.SHOW_SOURCE, known.said)
    return known.said


def forget_facts(services: Services, subject: str, attribute: str = "") -> int:
    """Forget what the user said; returns how many facts were forgotten.

    Args:
        subject: "user" for the user, else as the user says: "sister".
        attribute: "name", "lives in", …; empty for all attributes of the subject.
    """
    if not subject.strip():
        raise InputInvalid("Tell me whom or what to forget.")
    key = subject.strip().lower(), attribute.strip().lower()
    before = services.memory.remembered(*key)
    if before:
        what = "; ".join(_stated(known.fact) for known in before)
        services.undo.add(f"that I forgot: {what}", partial(_relearn, services, before))
    return services.memory.forget(*key)


def _restore(services: Services, fact: Fact, before: list[RememberedFact]) -> None:
    """Forget a fact for what was known before, unless something else is known by now."""
    if fact not in services.memory.facts(fact.subject, fact.attribute):
        return
    services.memory.forget(fact.subject, fact.attribute)
    _relearn(services, before)


def _relearn(services: Services, known: list[RememberedFact]) -> None:
    for each in known:
        services.memory.learn(each.fact, each.said, each.learned)


def _stated(fact: Fact) -> str:
    whose = "your" if fact.subject == "user" else f"your {fact.subject}'s"
    return f"{whose} {fact.attribute}, {fact.value}"


def _fact_record(fact: Fact) -> dict[str, str]:
    return {"subject": fact.subject, "attribute": fact.attribute, "value": fact.value}


TOOLS = (remember_fact, recall_facts, explain_fact, show_source, forget_facts)
