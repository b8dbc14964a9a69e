"""Skill: takes a picture for a model that sees; without one, says so."""

from __future__ import annotations

from avatar_app.engines.dialogue.builtin.asking import Ask, Reply, Skill


def look_at_this(ask: Ask) -> Reply:
    yield from ask.use(
        "look", at="camera"
    )  # the reply ends here: it is asked again with the picture
    yield ask.say("blind")
    return None


def look_at_screen(ask: Ask) -> Reply:
    yield from ask.use("look", at="screen")
    yield ask.say("blind")
    return None


def look_at_window(ask: Ask) -> Reply:
    yield from ask.use("look", at="window")
    yield ask.say("blind")
    return None


def blind(ask: Ask) -> Reply:
    """Answer words with which something is shown or played."""
    yield ask.say("blind")
    return None


SKILLS: dict[str, Skill] = {
    "look_at_this": look_at_this,
    "look_at_screen": look_at_screen,
    "look_at_window": look_at_window,
}
