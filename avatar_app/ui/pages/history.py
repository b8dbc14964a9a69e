"""The history page: conversations found as one types, read, renamed, pinned, deleted, continued."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut

from avatar_app.core.events import ConversationBegan, Event, TurnEnded, TurnWithdrawn
from avatar_app.storage.conversation_text import Speakers
from avatar_app.storage.conversations import ConversationSummary
from avatar_app.storage.stored_turns import StoredTurn
from avatar_app.ui.history.changes import ConversationChanges
from avatar_app.ui.history.conversation_list import ConversationList
from avatar_app.ui.history.exporting import ConversationExport
from avatar_app.ui.history.layout import HistoryPanes
from avatar_app.ui.history.reader import ConversationReader
from avatar_app.ui.pages.page import PageContext, PageView
from avatar_app.ui.pages.search_field import SearchField
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import IconButton
from avatar_app.ui.widgets.display_name import title_of

TYPING_MS = 120
"""Rest of the keys after which the history is searched."""


class HistoryPage(PageView):
    """Everything that asks the history goes through the window's `work`."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("History"))
        session, theme = context.session, context.theme
        self._stored, self._work = session.conversations, context.work
        self._words = ""
        """What the list was searched for."""
        self._asked = 0
        self._wanted: int | None = None
        """The conversation that is to be chosen when the list comes."""
        self._read: ConversationSummary | None = None
        """The one in the reader."""
        self._current: int | None = None
        """The one that is going on."""
        self._unsubscribe: Callable[[], None] | None = None
        self.search_field = SearchField(
            self.tr("Search what was said"), self.tr("Words, or how they begin  (Ctrl+F)")
        )
        self.new_button = IconButton(
            theme, Glyph.PLUS, self.tr("Begin a new conversation"), "Ctrl+Shift+N"
        )
        self.list = ConversationList(theme)
        self.reader = ConversationReader(theme, self._who)
        self.panes = HistoryPanes(self.list, self.reader)
        self.changes = ConversationChanges(self, self._stored, self._work, self.toast)
        self.export = ConversationExport(self._stored, self.toast)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self.refresh)
        self._lay_out()
        self._connect()

    @property
    def _who(self) -> str:
        """What the avatar is called now."""
        session = self.context.session
        return title_of(session.character, session.avatars)

    def enter(self) -> None:
        """Show what is stored now, and follow what is said while the page is open."""
        self._unsubscribe = self.context.session.subscribe(self._heard)
        self.reader.list.name_avatar(self._who)
        self.refresh()

    def leave(self) -> None:
        self._typing.stop()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def focus_first(self) -> None:
        """Ready to search."""
        self.search_field.setFocus()
        self.search_field.selectAll()

    def escape(self) -> bool:
        """Leave the words of a search first."""
        return self.search_field.leave()

    def look_for(self, words: str) -> None:
        """Show where the user said a sentence: the conversation, at its turn."""
        self.search_field.setText(words)
        self._work.run(lambda: self._stored.where_said(words)).then(self._changed)

    def stop(self) -> None:
        self.export.close_down()

    def refresh(self) -> None:
        """Search for what stands in the field; the answer to a former search is not waited for."""
        self._asked += 1
        asked, words = self._asked, self.search_field.text().strip()
        task = self._work.run(lambda: (self._stored.search(words), self._stored.current))
        task.then(lambda found: self._show(asked, words, *found))

    def _show(
        self,
        asked: int,
        words: str,
        found: tuple[ConversationSummary, ...],
        current: int | None,
    ) -> None:
        if asked != self._asked:
            return
        keep = self._read.id if self._wanted is None and self._read else self._wanted
        if words != self._words:
            self._read = None  # its marks are others
        self._words, self._current, self._wanted = words, current, None
        self.list.show_conversations(found, datetime.now().astimezone().date(), keep)
        self.panes.show_sentence("" if found else self._why_empty())

    def _why_empty(self) -> str:
        if self._words:
            return self.tr("No conversation holds “{words}”.").format(words=self._words)
        if not self.context.session.settings.settings.history.keep:
            return self.tr("Conversations are not saved: see Privacy in the settings.")
        return self.tr("Your conversations will appear here.")

    def _choose(self, summary: ConversationSummary | None) -> None:
        """Read what is chosen in the list; what is read already only gets a new head."""
        read, self._read = self._read, summary
        if summary is None:
            return
        if read is not None and (read.id, read.turns) == (summary.id, summary.turns):
            self.reader.show_head(summary, current=summary.id == self._current)
            return
        task = self._work.run(lambda: self._stored.turns_around(summary.id, summary.first_hit))
        task.then(lambda turns: self._show_turns(summary, turns))

    def _show_turns(self, summary: ConversationSummary, turns: tuple[StoredTurn, ...]) -> None:
        if self._read is not None and self._read.id == summary.id:
            current = summary.id == self._current
            self.reader.show_conversation(summary, turns, self._words, current=current)

    def _read_on(self, after: int) -> None:
        if (summary := self._read) is not None:
            task = self._work.run(lambda: self._stored.turns(summary.id, after))
            task.then(lambda turns: self._extend(summary.id, turns))

    def _read_back(self, before: int) -> None:
        if (summary := self._read) is not None:
            task = self._work.run(lambda: self._stored.turns_before(summary.id, before))
            task.then(lambda turns: self._prepend(summary.id, turns))

    def _prepend(self, id: int, turns: tuple[StoredTurn, ...]) -> None:
        if self._read is not None and self._read.id == id:
            self.reader.show_earlier(turns)

    def _extend(self, id: int, turns: tuple[StoredTurn, ...]) -> None:
        if self._read is not None and self._read.id == id:
            self.reader.model.extend(turns)

    def _do(self, change: Callable[[ConversationSummary], object]) -> None:
        """Change what is read, if anything is."""
        if self._read is not None:
            change(self._read)

    def _resume(self, summary: ConversationSummary) -> None:
        if summary.id != self._current:
            self.changes.resume(summary)

    def _changed(self, wanted: int | None) -> None:
        self._wanted = wanted
        self.refresh()

    def _offer_formats(self, summary: ConversationSummary) -> None:
        button = self.reader.export_button
        menu = self.export.menu(summary, Speakers(self.tr("You"), self._who), self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + UNIT // 2)))

    def _heard(self, event: Event) -> None:
        """From the session's thread."""
        if isinstance(event, TurnEnded | TurnWithdrawn | ConversationBegan):
            self.context.post(self._refresh_soon)

    def _refresh_soon(self) -> None:
        if self._unsubscribe is not None:  # the page may have been left meanwhile
            self._typing.start()

    def _lay_out(self) -> None:
        self.head.addWidget(self.search_field, 1)
        self.head.addWidget(self.new_button)
        self.body.addWidget(self.export)  # above: toasts come up from below
        self.body.addWidget(self.panes, 1)

    def _connect(self) -> None:
        list, reader, changes = self.list, self.reader, self.changes
        self.search_field.textChanged.connect(self._typing.start)
        self.new_button.clicked.connect(changes.begin)
        changes.changed.connect(self._changed)
        changes.talking.connect(self.close_wanted)
        list.chosen.connect(self._choose)
        list.read_wanted.connect(reader.list.setFocus)
        list.rename_wanted.connect(reader.rename)
        list.delete_wanted.connect(lambda: self._do(changes.delete))
        list.resume_wanted.connect(lambda: self._do(self._resume))
        reader.renamed.connect(lambda title: self._do(lambda read: changes.rename(read, title)))
        reader.pinned.connect(lambda on: self._do(lambda read: changes.pin(read, pinned=on)))
        reader.delete_wanted.connect(lambda: self._do(changes.delete))
        reader.resume_wanted.connect(lambda: self._do(self._resume))
        reader.export_button.clicked.connect(lambda: self._do(self._offer_formats))
        reader.model.more_wanted.connect(self._read_on)
        reader.model.earlier_wanted.connect(self._read_back)
        reader.messages.say_again.connect(self.context.session.say_again)
        keys: dict[str, Callable[[], object]] = {
            "Ctrl+F": self.focus_first,
            "Ctrl+E": lambda: self._do(self._offer_formats),
            "Ctrl+Z": changes.undo,
            "Ctrl+Shift+N": changes.begin,
        }
        for key, act in keys.items():
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)
        down = QShortcut(QKeySequence("Down"), self.search_field)
        down.setContext(Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(list.setFocus)
