"""One stored conversation to read: its title to rename, what can be done with it, its lines."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

from avatar_app.storage.conversations import ConversationSummary
from avatar_app.storage.search_words import SearchWords
from avatar_app.storage.stored_turns import StoredTurn
from avatar_app.ui.chat.chat_list import ChatList
from avatar_app.ui.chat.message_actions import MessageActions
from avatar_app.ui.history.dates import length, long_time
from avatar_app.ui.history.reader_model import ReaderModel
from avatar_app.ui.language.formats import number_text
from avatar_app.ui.language.texts import counted
from avatar_app.ui.style.assets import Glyph, icon
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton
from avatar_app.ui.widgets.margins import margins


class ConversationReader(QFrame):
    """Shows a conversation; reports what the user wants done with it."""

    renamed = Signal(str)
    pinned = Signal(bool)
    resume_wanted = Signal()
    delete_wanted = Signal()

    def __init__(self, theme: Theme, avatar: str) -> None:
        super().__init__()
        self._theme = theme
        self._summary: ConversationSummary | None = None
        self.setObjectName("reader")
        self.setAccessibleName(self.tr("Conversation"))
        self.model = ReaderModel(avatar)
        self.list = ChatList(self.model, theme, follows=False)
        self.list.setAccessibleName(self.tr("What was said"))
        self.messages = MessageActions(self.list, theme)
        self.title = QLineEdit()
        self.info = QLabel()
        self.resume_button = QPushButton(self.tr("Continue"))
        self.export_button = QPushButton(self.tr("Export"))
        self.pin_button = IconButton(theme, Glyph.PIN, self.tr("Pin"))
        self.delete_button = IconButton(theme, Glyph.TRASH, self.tr("Delete"), "Del")
        self._dress()
        self._lay_out()
        self._connect()

    def show_conversation(
        self,
        summary: ConversationSummary,
        turns: Sequence[StoredTurn],
        words: str,
        *,
        current: bool,
    ) -> None:
        """Show the first page of a conversation; what was searched for is marked and in sight."""
        self.show_head(summary, current=current)
        self.list.delegate.words = SearchWords(words)
        self.model.begin(turns, at_start=not summary.hits)
        row = self.model.row_of(summary.first_hit) if summary.hits else 0
        target = self.model.index(row or 0)
        self.list.setCurrentIndex(target)
        self.list.clearSelection()
        QTimer.singleShot(0, lambda: self._show_line(row or 0))

    def show_earlier(self, turns: Sequence[StoredTurn]) -> None:
        """Show turns above those on show, which stay where they are."""
        before = self.model.rowCount()
        self.model.prepend(turns)
        first = self.model.index(self.model.rowCount() - before)
        self.list.scrollTo(first, ChatList.ScrollHint.PositionAtTop)

    def show_head(self, summary: ConversationSummary, *, current: bool) -> None:
        """Show title, times and what can be done."""
        self._summary = summary
        if not self.title.hasFocus():
            self.title.setText(summary.title)
            self.title.setCursorPosition(0)
        turns = counted("{} turn", "{} turns", summary.turns).format(number_text(summary.turns))
        parts = (long_time(summary.began.astimezone()), turns, length(summary.seconds))
        self.info.setText("  ·  ".join(part for part in parts if part))
        self.pin_button.setChecked(summary.pinned)
        self.pin_button.wear(Glyph.PIN, "accent" if summary.pinned else "text_dim")
        self.pin_button.name_it(self.tr("Unpin") if summary.pinned else self.tr("Pin"))
        self.resume_button.setEnabled(not current)
        going, resume = self.tr("Going on now"), self.tr("Continue")
        self.resume_button.setText(going if current else resume)
        self.resume_button.setAccessibleName(going if current else resume)

    def rename(self) -> None:
        """Put the keys into the title."""
        self.title.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.title.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc in the title brings the former one back."""
        key = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if key and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # nothing else means this Esc
            return True
        if key and event.type() == QEvent.Type.KeyPress:
            self._restore_title()
            self.list.setFocus()
            return True
        return super().eventFilter(watched, event)

    def _show_line(self, row: int) -> None:
        hints = ChatList.ScrollHint
        where = hints.PositionAtCenter if row else hints.PositionAtTop
        self.list.scrollTo(self.model.index(row), where)

    def _dress(self) -> None:
        self.title.setObjectName("conversationTitle")
        self.title.setAccessibleName(self.tr("Title"))
        self.title.setToolTip(self.tr("Rename  (F2)"))
        self.title.installEventFilter(self)
        self.info.setObjectName("settingHelp")
        self.pin_button.setCheckable(True)
        self.resume_button.setObjectName("primary")
        self.resume_button.setAccessibleName(self.tr("Continue"))
        self.resume_button.setToolTip(self.tr("What was said is what the avatar knows then"))
        self.export_button.setObjectName("noticeAction")
        self.export_button.setAccessibleName(self.tr("Export"))
        self.export_button.setToolTip(self.tr("Write it into a file  (Ctrl+E)"))
        self._paint_icons()
        self._theme.changed.connect(self._paint_icons)

    def _paint_icons(self) -> None:
        palette = self._theme.palette
        self.resume_button.setIcon(icon(Glyph.RESUME, palette.on_accent, 18, palette.text_faint))
        self.export_button.setIcon(icon(Glyph.EXPORT, palette.focus, 18))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(UNIT // 2)
        head.addWidget(self.title, 1)
        head.addWidget(self.pin_button)
        head.addWidget(self.delete_button)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(margins(UNIT, UNIT, 0, UNIT))
        buttons.setSpacing(UNIT)
        buttons.addWidget(self.resume_button)
        buttons.addWidget(self.export_button)
        buttons.addStretch()
        self.info.setContentsMargins(margins(UNIT + 2, 0, 0, 0))
        top = QVBoxLayout()
        top.setContentsMargins(UNIT, UNIT, UNIT, 0)
        top.setSpacing(0)
        top.addLayout(head)
        top.addWidget(self.info)
        top.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 1, UNIT)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.list, 1)

    def _connect(self) -> None:
        self.title.returnPressed.connect(self.list.setFocus)
        self.title.editingFinished.connect(self._take_title)
        self.pin_button.clicked.connect(lambda: self.pinned.emit(self.pin_button.isChecked()))
        self.resume_button.clicked.connect(self.resume_wanted)
        self.list.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.delete_button.clicked.connect(self.delete_wanted)

    def _scrolled(self, value: int) -> None:
        if value == self.list.verticalScrollBar().minimum():
            self.model.want_earlier()

    def _take_title(self) -> None:
        summary, text = self._summary, self.title.text().strip()
        if summary is not None and text != summary.title:
            self.renamed.emit(text)

    def _restore_title(self) -> None:
        if self._summary is not None:
            self.title.setText(self._summary.title)
