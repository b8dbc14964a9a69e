"""The consent card: what the avatar asks for, with a button for yes and one for no.

The buttons are not where they were a moment ago: for a short while after it appears, the card takes
no click that was meant for what lay there.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from avatar_app.core.events import ConsentAsked, ConsentSettled
from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.message import message_and_hint

DEAF_MS = 500
"""Milliseconds after it appeared in which no button answers."""


class ConsentCard(QFrame):
    """Shows one request; `decide` receives its number and the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("starter")
        self.decide: Callable[[int, bool], None] = lambda _request, _agreed: None
        self._asked = ConsentAsked(0, "")
        self._message, self._details = message_and_hint()
        self.allow_button, self.refuse_button = QPushButton(), QPushButton()
        self.allow_button.setObjectName("primary")
        self.refuse_button.setObjectName("noticeAction")
        self.allow_button.clicked.connect(lambda: self._answer(agreed=True))
        self.refuse_button.clicked.connect(lambda: self._answer(agreed=False))
        self._hearing = QTimer(self)
        self._hearing.setSingleShot(True)
        self._hearing.setInterval(DEAF_MS)
        self._hearing.timeout.connect(lambda: self._enable(enabled=True))
        self._lay_out()
        keep_translated(self, self._name_parts)
        self.hide()

    @property
    def buttons(self) -> tuple[QPushButton, QPushButton]:
        """Return the buttons in Tab order: the harmless one first."""
        return self.refuse_button, self.allow_button

    def ask(self, asked: ConsentAsked) -> None:
        """Show a request in place of an earlier one."""
        self._asked = asked
        self._name_parts()
        self._enable(enabled=False)
        self.show()
        self._hearing.start()

    def settle(self, settled: ConsentSettled) -> None:
        """The request was answered, here or by words, or is void."""
        if settled.request_id == self._asked.request_id:
            self.hide()

    def _answer(self, *, agreed: bool) -> None:
        self._enable(enabled=False)
        self.hide()
        self.decide(self._asked.request_id, agreed)

    def _enable(self, *, enabled: bool) -> None:
        for button in self.buttons:
            button.setEnabled(enabled)

    def _name_parts(self) -> None:
        message = self.tr("May I {}?").format(self._asked.act)
        self._message.setText(message)
        hint = self.tr("It cannot be undone, or leaves this computer.")
        self._details.setText("\n".join(filter(None, (self._asked.details, hint))))
        self.setAccessibleName(message)
        self.setAccessibleDescription(self._details.text())
        self._name(self.allow_button, self.tr("Allow"), self.tr("Allow: {}"))
        self._name(self.refuse_button, self.tr("Do not"), self.tr("Do not: {}"))

    def _name(self, button: QPushButton, text: str, name: str) -> None:
        button.setText(text)
        button.setAccessibleName(name.format(self._asked.act))
        button.setToolTip(name.format(self._asked.act))

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(UNIT // 2)
        texts.addWidget(self._message)
        texts.addWidget(self._details)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 12, 12, 12)
        row.setSpacing(UNIT)
        row.addLayout(texts, 1)
        for button in self.buttons:
            row.addWidget(button)
