"""Skill: says why it spoke unasked, and stops it."""

from __future__ import annotations

from avatar_app.core.prompt import Prompt, Role
from avatar_app.engines.dialogue.builtin import spoken
from avatar_app.engines.dialogue.builtin.asking import Ask, Carry, Reply, Skill
from avatar_app.engines.dialogue.builtin.skills import listening
from avatar_app.engines.dialogue.builtin.words import split

_WELL = frozenset(
    ("well", "good", "great", "fine", "okay", "passed", "won", "fun", "nice", "easy", "lovely",
     "wonderful", "perfect", "better", "amazing", "beautiful", "happy")
)  # fmt: skip
_BADLY = frozenset(
    ("bad", "badly", "failed", "terrible", "awful", "horrible", "hard", "worse", "lost", "sad",
     "boring", "stressful", "disaster", "canceled", "cancelled", "hurt")
)  # fmt: skip


def why_said(ask: Ask) -> Reply:
    reason = (yield from ask.use("explain_remark")) if ask.offers("explain_remark") else ""
    yield ask.say("why_said", reason=reason) if reason else ask.say("why_said_nothing")
    return Carry(answer=answered) if reason and asks_unasked(ask.prompt) else None


def stop_remarks(ask: Ask) -> Reply:
    names = yield from ask.use("stop_remarks")
    what = spoken.listing(names)
    yield ask.say("remarks_stopped", what=what, what_start=what[0].upper() + what[1:])
    return None


def is_unasked(prompt: Prompt) -> bool:
    """Whether the avatar spoke last, and not as an answer."""
    roles = [message.role for message in prompt.messages[:-1]]
    return roles[-1:] == [Role.AVATAR] and roles[-2:-1] != [Role.USER]


def asks_unasked(prompt: Prompt) -> bool:
    """Whether the user answers a question that the avatar asked on its own."""
    return is_unasked(prompt) and prompt.messages[-2].text.rstrip().endswith("?")


def answered(ask: Ask) -> Reply:
    """Take the answer to how something went."""
    words = {word.text for word in split(ask.text)}
    went_badly = words & _BADLY or ("not" in words and words & _WELL)
    yield ask.say("went_badly" if went_badly else "went_well" if words & _WELL else "went_somehow")
    return Carry(answer=listening.go_on) if went_badly else None


ANSWERS = frozenset(listening.SKILLS.keys() - {"grave"})
"""What the words of an answer may be taken for."""
SKILLS: dict[str, Skill] = {"why_said": why_said, "stop_remarks": stop_remarks}
