"""The transcript: follows the conversation, lets words be played again or corrected."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from avatar_app.ui.chat.chat_list import ChatList
from avatar_app.ui.chat.message_actions import MessageActions
from avatar_app.ui.chat.model import ChatModel
from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton


class ChatView(QFrame):
    """The panel: a heading, the list, or a hint while it is empty."""

    def __init__(self, model: ChatModel, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.model = model
        self.list = ChatList(model, theme)
        self.messages = MessageActions(self.list, theme)
        self.new_button = IconButton(theme, Glyph.PLUS, "")
        self.copy_button = IconButton(theme, Glyph.COPY, "")
        self.copy_button.clicked.connect(self.list.copy)
        heading = QHBoxLayout()
        heading.setContentsMargins(2 * UNIT + 2, 0, UNIT, 0)
        self._title = QLabel()
        self._title.setObjectName("heading")
        heading.addWidget(self._title)
        heading.addStretch()
        heading.addWidget(self.new_button)
        heading.addWidget(self.copy_button)
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._empty = _wrapped_label()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, UNIT, 0, UNIT)
        column.setSpacing(UNIT // 2)
        column.addLayout(heading)
        column.addWidget(body)
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self._show_what_there_is)
        self._show_what_there_is()
        keep_translated(self, self._name_parts)

    def _name_parts(self) -> None:
        self.setAccessibleName(self.tr("Transcript panel"))
        self.new_button.name_it(self.tr("Begin a new conversation"))
        self.copy_button.name_it(self.tr("Copy the conversation"))
        self._title.setText(self.tr("Conversation"))
        self._empty.setText(self.tr("Your conversation will appear here."))

    def _show_what_there_is(self) -> None:
        filled = self.model.rowCount() > 0
        self._stack.setCurrentIndex(1 if filled else 0)
        self.copy_button.setEnabled(filled)
        self.new_button.setEnabled(filled)


def _wrapped_label() -> QLabel:
    label = QLabel()
    label.setObjectName("empty")
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label
