"""What happens in the conversation, as messages for the page: captions, state, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import (
    AnswerTruncated,
    BlockWritten,
    ClauseWritten,
    Event,
    Failed,
    Noticed,
    StateChanged,
    TurnEnded,
    UserSaid,
    UserTranscript,
    UserTurnDiscarded,
    WordsPlayed,
)

Message = dict[str, Any]
Translate = Callable[[str], str]
"""Returns a sentence of the program in the user's language."""


def page_message(event: Event, translate: Translate) -> Message | None:
    """Return what the page is sent of an event; None where it shows nothing of it."""
    match event:
        case StateChanged(state):
            return {"type": "state", "state": state.value}
        case UserTranscript(turn, text):
            return {"type": "user", "turn": turn, "text": text, "final": False}
        case UserSaid(turn, text, typed):
            return {"type": "user", "turn": turn, "text": text, "final": True, "typed": typed}
        case UserTurnDiscarded(turn):
            return {"type": "discarded", "turn": turn}
        case ClauseWritten(turn, text):
            return {"type": "clause", "turn": turn, "text": text}
        case BlockWritten(turn, block):
            return {"type": "block", "turn": turn, "text": block.text}
        case WordsPlayed(turn, text):
            return {"type": "played", "turn": turn, "text": text}
        case TurnEnded(turn, outcome):
            ended = {"type": "ended", "turn": turn, "outcome": outcome.value}
            return ended | {"heard": event.heard_text}
        case AnswerTruncated(turn, heard):
            return {"type": "truncated", "turn": turn, "heard": heard}
        case Failed() | Noticed():
            return notice_message(event, translate)
    return None


def notice_message(notice: Failed | Noticed | AvatarError, translate: Translate) -> Message:
    """Return the sentences of a notice."""
    message, hint = translate(notice.message), translate(notice.hint)
    return {"type": "notice", "message": message, "hint": hint}
