"""Skill: jokes, facts, stories and poems, each used once before any is repeated."""

from __future__ import annotations

from avatar_app.engines.dialogue.builtin.asking import Ask, Carry, Reply, Skill


def tell_joke(ask: Ask) -> Reply:
    yield ask.say("joke")
    return Carry(topic="tell_joke")


def tell_fact(ask: Ask) -> Reply:
    yield ask.say("fact")
    return Carry(topic="tell_fact")


def tell_story(ask: Ask) -> Reply:
    yield ask.say("story")
    return Carry(topic="tell_story")


def recite_poem(ask: Ask) -> Reply:
    yield ask.say("poem")
    return Carry(topic="recite_poem")


SKILLS: dict[str, Skill] = {
    "tell_joke": tell_joke,
    "tell_fact": tell_fact,
    "tell_story": tell_story,
    "recite_poem": recite_poem,
}
