"""Changes to stored conversations: rename, pin, delete with undo, continue, begin a new one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from avatar_app.session.stored_conversations import StoredConversations
from avatar_app.storage.conversations import ConversationSummary
from avatar_app.ui.qt.work import Work
from avatar_app.ui.widgets.notices import Action, Notice, NoticeBar


class ConversationChanges(QObject):
    """Each is asked for off the window's thread; `changed` comes when it was, in order."""

    changed = Signal(object)
    """The id of a conversation that is to be chosen, or None."""
    talking = Signal()
    """The conversation itself is what the user wants to see."""

    def __init__(
        self, parent: QObject, stored: StoredConversations, work: Work, toast: NoticeBar
    ) -> None:
        super().__init__(parent)
        self._stored, self._work, self._toast = stored, work, toast

    def rename(self, summary: ConversationSummary, title: str) -> None:
        self._change(partial(self._stored.rename, summary.id, title))

    def pin(self, summary: ConversationSummary, *, pinned: bool) -> None:
        self._change(partial(self._stored.pin, summary.id, pinned=pinned))

    def delete(self, summary: ConversationSummary) -> None:
        """At once; a toast offers to undo it, and when that has gone it is for good."""
        self._toast.dismiss_all()
        self._change(partial(self._stored.delete, summary.id))
        message = self.tr("“{title}” is deleted.").format(title=summary.title)
        undo = Action(self.tr("Undo"), partial(self._restore, summary.id))
        self._toast.tell(Notice(message, action=undo, expired=partial(self._erase, summary.id)))

    def undo(self) -> None:
        """What the toast offers."""
        if self._toast.notice is not None and self._toast.notice.action is not None:
            self._toast.action_button.click()

    def resume(self, summary: ConversationSummary) -> None:
        """Go on with it."""
        self._work.run(partial(self._stored.resume, summary.id))
        self.talking.emit()

    def begin(self) -> None:
        """Begin a new one."""
        self._work.run(self._stored.begin)
        self.talking.emit()

    def _restore(self, id: int) -> None:
        self._change(partial(self._stored.restore, id), wanted=id)

    def _erase(self, id: int) -> None:
        self._work.run(partial(self._stored.erase, id))

    def _change(self, work: Callable[[], object], wanted: int | None = None) -> None:
        self._work.run(work)
        self.changed.emit(wanted)
