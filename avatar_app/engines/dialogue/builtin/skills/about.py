"""Skill: what the avatar is, can and cannot do."""

from __future__ import annotations

from avatar_app.engines.dialogue.builtin.asking import Ask, Reply, Skill
from avatar_app.engines.dialogue.builtin.skills.talk import phrase


def what_can_you_do(ask: Ask) -> Reply:
    """Give the overview first; asked again, the rest."""
    again = ask.past.intent == ask.intent
    yield ask.say("what_can_you_do_too" if again else "what_can_you_do")
    return None


SKILLS: dict[str, Skill] = {
    "what_can_you_do": what_can_you_do,
    **dict.fromkeys(
        (
            "who_are_you", "are_you_real", "how_old", "where_are_you", "who_made_you", "privacy",
            "real_model", "languages", "weather", "online", "sing",
            "sight", "tastes", "looks", "interrupting",
        ),
        phrase,
    ),
}  # fmt: skip
