"""Unheard answers: what the user says before the first word goes on with what is answered."""

from __future__ import annotations

from avatar_app.core.turn import Turn
from avatar_app.pipeline.output.playback import Playback
from avatar_app.pipeline.output.reply import TOOL_CALLED


def is_unheard(turn: Turn, playback: Playback) -> bool:
    """Whether no word of the turn was heard and nothing was done: nobody reacts within the first
    word, so that what was said before and what follows are one turn."""
    return TOOL_CALLED not in turn.marks and not playback.progress(turn).heard_text
