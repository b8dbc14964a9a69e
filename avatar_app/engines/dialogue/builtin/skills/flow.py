"""Skill: conversation flow: repeats, continues after an interruption, handles yes and no."""

from __future__ import annotations

from avatar_app.core.prompt import Role
from avatar_app.engines.dialogue.builtin.asking import Ask, Reply, Skill


def repeat(ask: Ask) -> Reply:
    """Repeat the last answer, including the part that was not heard."""
    heard = _last(ask, Role.AVATAR)
    said = ask.past.written if ask.past.written.startswith(heard) else heard
    yield said or ask.say("nothing_said")
    return ask.past.carry


def what_did_i_say(ask: Ask) -> Reply:
    said = _last(ask, Role.USER)
    yield ask.say("you_said", text=said.rstrip(".")) if said else ask.say("nothing_heard_from_you")
    return None


def go_on(ask: Ask) -> Reply:
    """Continue from the interrupted sentence."""
    before = ask.prompt.messages[:-1]
    heard = before[-1].text if before and before[-1].role is Role.AVATAR else ""
    rest = unheard(ask.past.written, heard)
    if rest:
        yield rest
        return ask.past.carry
    yield ask.say("nothing_to_continue")
    return None


def unheard(written: str, heard: str) -> str:
    """Return the unheard part, from the beginning of the interrupted sentence."""
    words, count = written.split(), len(heard.split())
    if words[:count] != heard.split() or count >= len(words):
        return ""
    ends = [at for at in range(count) if words[at][-1] in ".!?:"]
    return " ".join(words[ends[-1] + 1 if ends else 0 :])


def undo(ask: Ask) -> Reply:
    what = yield from ask.use("undo_last")
    yield ask.say("undone", what=what)
    return None


def yes(ask: Ask) -> Reply:
    return (yield from _decided(ask, ask.past.carry.yes))


def no(ask: Ask) -> Reply:
    return (yield from _decided(ask, ask.past.carry.no))


def _decided(ask: Ask, skill: Skill | None) -> Reply:
    if skill is None:
        yield ask.say("disagree" if ask.intent == "no" else "agree")
        return None
    return (yield from skill(ask.but(ask.past.carry.values)))


def _last(ask: Ask, role: Role) -> str:
    texts = [message.text for message in ask.prompt.messages[:-1] if message.role is role]
    return texts[-1] if texts else ""


SKILLS: dict[str, Skill] = {
    "repeat": repeat,
    "what_did_i_say": what_did_i_say,
    "go_on": go_on,
    "undo": undo,
    "yes": yes,
    "no": no,
}
