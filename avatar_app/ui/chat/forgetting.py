"""Deletes the transcript at once, and the stored history unless the user undoes it in time."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.ui.chat.model import ChatModel
from avatar_app.ui.language.texts import translated
from avatar_app.ui.widgets.notices import Action, Notice, NoticeBar


def forget_unless_undone(chat: ChatModel, notices: NoticeBar, delete: Callable[[], object]) -> None:
    """Clear the transcript; `delete` is called when the notice that offers Undo has expired."""
    lines = chat.lines
    chat.clear()
    notices.tell(
        Notice(
            translated("The history is deleted."),
            translated("You can still undo this."),
            action=Action(translated("Undo"), lambda: chat.bring_back(lines)),
            expired=delete,
        )
    )
