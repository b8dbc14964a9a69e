"""Conversations as Markdown, plain text, JSON, SRT and WebVTT."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.media.subtitles import as_srt, as_vtt
from avatar_app.storage.conversations import ConversationSummary
from avatar_app.storage.stored_turns import StoredTurn
from avatar_app.storage.timeline import timeline


class ExportFormat(StrEnum):
    """What a conversation can be written as; the value is the file's ending."""

    MARKDOWN = "md"
    TEXT = "txt"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"
    SOUND = "mp3"
    FILM = "mp4"


JSON_FORMAT, JSON_VERSION = "avatar-app conversation", 1


@dataclass(frozen=True, slots=True)
class Speakers:
    """What the two are called in an export."""

    user: str
    avatar: str


def conversation_text(
    summary: ConversationSummary,
    turns: Sequence[StoredTurn],
    format: ExportFormat,
    speakers: Speakers,
) -> str:
    """The conversation as text in any format but sound and film, ending with a line break."""
    match format:
        case ExportFormat.MARKDOWN:
            return _markdown(summary, turns, speakers)
        case ExportFormat.TEXT:
            return _plain(summary, turns, speakers)
        case ExportFormat.JSON:
            return _json(summary, turns, speakers)
        case ExportFormat.SRT:
            return as_srt(timeline(turns, speakers.user, speakers.avatar))
        case ExportFormat.VTT:
            return as_vtt(timeline(turns, speakers.user, speakers.avatar))
        case ExportFormat.SOUND | ExportFormat.FILM:
            raise ValueError(f"A conversation as {format} is no text.")


def _markdown(summary: ConversationSummary, turns: Sequence[StoredTurn], speakers: Speakers) -> str:
    parts = [f"# {_escaped(summary.title)}", f"*{_when(summary)}*"]
    for turn in (each.turn for each in turns):
        clock = _clock(turn)
        if turn.user_text:
            said = _escaped(turn.user_text)
            parts.append(f"**{_escaped(speakers.user)}**{clock}  \n{said}")
        if turn.avatar_text:
            heard, unheard = split_passage(turn)
            struck = f"~~{_escaped(unheard)}~~" if unheard else ""
            said = " ".join(filter(None, (_escaped(heard), struck)))
            parts.append(f"**{_escaped(speakers.avatar)}**{clock}{_cut_off(turn)}  \n{said}")
    return "\n\n".join(parts) + "\n"


def _plain(summary: ConversationSummary, turns: Sequence[StoredTurn], speakers: Speakers) -> str:
    parts = [f"{summary.title}\n{_when(summary)}\n"]
    for turn in (each.turn for each in turns):
        if turn.user_text:
            parts.append(f"{speakers.user}: {turn.user_text}")
        heard, unheard = split_passage(turn)
        if heard:
            parts.append(f"{speakers.avatar}: {heard}{' —' if unheard else ''}")
    return "\n".join(parts) + "\n"


def _json(summary: ConversationSummary, turns: Sequence[StoredTurn], speakers: Speakers) -> str:
    document = {
        "format": JSON_FORMAT,
        "version": JSON_VERSION,
        "title": summary.title,
        "began": summary.began.isoformat(),
        "ended": summary.ended.isoformat(),
        "speakers": {"user": speakers.user, "avatar": speakers.avatar},
        "turns": [_record(each) for each in turns],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _record(stored: StoredTurn) -> dict[str, object]:
    turn = stored.turn
    return {
        "ended": turn.at.isoformat() if turn.at else None,
        "session": stored.session,
        "user": turn.user_text,
        "typed": turn.typed,
        "avatar": turn.avatar_text,
        "heard": turn.heard_text,
        "outcome": turn.outcome.value,
        "marks": turn.marks,
    }


def split_passage(turn: TurnEnded) -> tuple[str, str]:
    """The words of the answer that were heard, and those that never were."""
    words = turn.avatar_text.split()
    heard = min(len(turn.heard_text.split()), len(words))
    return " ".join(words[:heard]), " ".join(words[heard:])


def _when(summary: ConversationSummary) -> str:
    began, ended = summary.began.astimezone(), summary.ended.astimezone()
    end = f"{ended:%H:%M}" if began.date() == ended.date() else f"{ended:%Y-%m-%d %H:%M}"
    return f"{began:%Y-%m-%d %H:%M} – {end}"


def _clock(turn: TurnEnded) -> str:
    at: datetime | None = turn.at
    return f" · {at.astimezone():%H:%M}" if at else ""


def _cut_off(turn: TurnEnded) -> str:
    return " · interrupted" if turn.outcome is Outcome.INTERRUPTED else ""


def _escaped(text: str) -> str:
    r"""Signs that mean something in Markdown, as they stand: `*` becomes `\*`."""
    marked = re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", text)
    return re.sub(r"^(\s*\d*)([-+.)])(\s)", r"\1\\\2\3", marked)
