"""Skill: active listening: open questions, and reflecting the user's own words."""

from __future__ import annotations

from avatar_app.engines.dialogue.builtin import spoken
from avatar_app.engines.dialogue.builtin.asking import Ask, Carry, Reply, Skill
from avatar_app.engines.dialogue.builtin.patterns import LIGHT
from avatar_app.engines.dialogue.builtin.skills.collection import tell_fact
from avatar_app.engines.dialogue.builtin.words import split

LONGEST_ECHO = 6
"""Words: reflecting more than this sounds like a parrot."""
_PALE = LIGHT | {
    "what", "when", "where", "who", "why", "how", "which", "they", "them", "their", "there",
    "about", "because", "think", "know", "want", "like", "really", "something", "anything",
    "going", "would", "should", "could", "maybe", "very", "much", "many", "some", "from",
    "then", "than", "were", "been", "being", "said", "says", "tell", "make", "made", "these",
    "those", "into", "over", "after", "before", "people", "thing", "things", "always", "never",
    "morning", "evening", "today", "tomorrow", "yesterday", "minute", "minutes", "week",
    "every", "again", "still", "only", "even", "also", "other", "such", "while", "without",
}  # fmt: skip


def feeling(ask: Ask) -> Reply:
    """Ask for the reason, and accept any answer."""
    yield ask.say(ask.intent)
    return Carry(answer=go_on)


def go_on(ask: Ask) -> Reply:
    """Acknowledge whatever the user answers."""
    yield ask.say("go_on")
    return None


def reflect(ask: Ask) -> Reply:
    """Reflect the user's words as a question, if they are few."""
    text = ask.slots.get("text") or ask.slots.get("topic", "")
    words = text.split()
    mirrored = spoken.mirrored(text) if len(words) <= LONGEST_ECHO else ""
    start = mirrored[:1].upper() + mirrored[1:]
    first = words[0] if words else ""
    if not mirrored and ask.intent in ("i_feel", "ask_knowledge", "i_am"):
        yield ask.say("go_on" if ask.intent != "ask_knowledge" else "unknown")
    else:
        yield ask.say(ask.intent, mirrored=mirrored, mirrored_start=start, first=first)
    return None


def unknown(ask: Ask) -> Reply:
    """Admit not understanding; pick up a meaningful word, if there is one."""
    words = [word.raw for word in split(ask.text) if _weighty(word.text)]
    word = max(words, key=len, default="")
    turned = len(ask.prompt.messages) % 2 == 0 or ask.past.intent == ask.intent
    if len(word) < 5 or turned:
        said = ask.say("unknown")
        yield said
        return Carry(yes=tell_fact if "fact" in said else None)
    yield ask.say("unknown_word", word=word, word_start=word.capitalize())
    return None


def _weighty(word: str) -> bool:
    return word not in _PALE and not word.endswith(("ing", "ed", "ly"))


SKILLS: dict[str, Skill] = {
    **dict.fromkeys(("sad", "worried", "angry", "tired", "happy", "grave"), feeling),
    **dict.fromkeys(
        (
            "i_feel",
            "i_am",
            "i_want",
            "i_think",
            "i_did",
            "because",
            "mine",
            "wonder",
            "ask_knowledge",
        ),
        reflect,
    ),
    "unknown": unknown,
}
