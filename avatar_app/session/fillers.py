"""What the avatar says while an answer takes a while: made from what it is doing."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.core.turn import Turn
from avatar_app.settings.schema import Settings

_THINKING = ("Let me think.", "One moment.", "Let me think about that.")
ACKNOWLEDGMENT = "Uh-huh."
"""The one that every voice says, and none spells."""
_LOOK, _WRITE = "Let me look that up.", "One moment, I am writing that down."
_OF_TOOL = {
    "calculate": "Let me work that out.",
    "convert_units": "Let me work that out.",
    "days_until": "Let me work that out.",
    "remember_fact": _WRITE,
    "add_note": _WRITE,
    "set_timer": "One moment, I am setting the timer.",
    "add_reminder": _WRITE,
}
_LOOKING = ("list", "recall", "search", "find", "look", "get", "read", "fetch", "time", "current")
"""What the names of tools that only look something up begin with."""


def filler_words(settings: Settings) -> Callable[[Turn], str] | None:
    """Return the words for a turn that takes long; None where nobody wants them, or the voice
    speaks another language than these words."""
    if not settings.waiting.fillers or not _is_english(settings):
        return None
    return _words


def acknowledgment(settings: Settings) -> str:
    """Return what is said while the user pauses and has not finished; empty where nobody wants it,
    or the voice speaks another language."""
    wanted = settings.conversation.acknowledge and _is_english(settings)
    return ACKNOWLEDGMENT if wanted else ""


def _is_english(settings: Settings) -> bool:
    return str(settings.tts.options.get("language") or "en").startswith("en")


def _words(turn: Turn) -> str:
    if not turn.doing:
        return _THINKING[turn.id % len(_THINKING)]
    if turn.doing in _OF_TOOL:
        return _OF_TOOL[turn.doing]
    return _LOOK if turn.doing.startswith(_LOOKING) else "One moment, I am working on that."
