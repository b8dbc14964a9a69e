"""A persona to edit in place: title, first words, description, looks and voice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
)

from avatar_app.session.personas import Persona
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton
from avatar_app.ui.widgets.margins import margins

REST_MS = 1_500
"""Rest of the keys after which the description is saved."""


class PersonaForm(QFrame):
    """Reports an edited persona when a field is left, or the keys rest."""

    edited = Signal(object)
    """A `Persona`."""
    use_wanted = Signal()
    delete_wanted = Signal()
    looks_wanted = Signal()

    def __init__(self, theme: Theme, title: Callable[[str], str]) -> None:
        """`title`: what a character is called, by its name."""
        super().__init__()
        self._title = title
        self._persona: Persona | None = None
        self.setObjectName("reader")
        self.title, self.greeting, self.system = QLineEdit(), QLineEdit(), QPlainTextEdit()
        self.looks = QLabel()
        self.looks_button = QPushButton(self.tr("Take the present ones"))
        self.use_button = QPushButton(self.tr("Use"))
        self.delete_button = IconButton(theme, Glyph.TRASH, self.tr("Delete"))
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self.finish)
        self._dress()
        self._lay_out()
        self.title.editingFinished.connect(self.finish)
        self.greeting.editingFinished.connect(self.finish)
        self.system.textChanged.connect(self._rest.start)
        self.system.installEventFilter(self)
        self.use_button.clicked.connect(self.use_wanted)
        self.delete_button.clicked.connect(self.delete_wanted)
        self.looks_button.clicked.connect(self.looks_wanted)

    def show_persona(self, persona: Persona, *, in_use: bool) -> None:
        """Show it; what is being typed in the same one stays."""
        if self._persona is None or self._persona.name != persona.name or not self._typing():
            self.title.setText(persona.title)
            self.title.setCursorPosition(0)
            self.greeting.setText(persona.greeting)
            self.greeting.setCursorPosition(0)
            if self.system.toPlainText() != persona.system:
                self.system.setPlainText(persona.system)
        self._rest.stop()
        self._persona = persona
        self.use_button.setEnabled(not in_use)
        use = self.tr("In use") if in_use else self.tr("Use")
        self.use_button.setText(use)
        self.use_button.setAccessibleName(use)
        self.delete_button.setEnabled(persona.own)
        self.looks.setText(self._described(persona))

    def finish(self) -> None:
        """Report what was typed."""
        self._rest.stop()
        if self._persona is None:
            return
        typed = replace(
            self._persona,
            title=self.title.text().strip() or self._persona.title,
            greeting=self.greeting.text().strip(),
            system=self.system.toPlainText().strip(),
        )
        if typed != self._persona:
            self._persona = typed
            self.edited.emit(typed)

    def edit_title(self) -> None:
        """Put the keys into the title."""
        self.title.setFocus()
        self.title.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.system and event.type() == QEvent.Type.FocusOut:
            self.finish()
        return super().eventFilter(watched, event)

    def _typing(self) -> bool:
        return any(each.hasFocus() for each in (self.title, self.greeting, self.system))

    def _described(self, persona: Persona) -> str:
        face = self._title(persona.character) if persona.character else self.tr("any face")
        voices = ", ".join(f"{voice} ({engine})" for engine, voice in persona.voices.items())
        return f"{face}  ·  {voices or self.tr('any voice')}"

    def _dress(self) -> None:
        self.title.setObjectName("conversationTitle")
        self.title.setAccessibleName(self.tr("Name"))
        self.title.setToolTip(self.tr("Name of the persona"))
        self.greeting.setObjectName("search")
        self.greeting.setAccessibleName(self.tr("First words"))
        self.greeting.setToolTip(self.tr("What it says when the program starts"))
        self.system.setObjectName("description")
        self.system.setAccessibleName(self.tr("Description"))
        self.system.setTabChangesFocus(True)
        self.looks.setObjectName("settingHelp")
        self.looks.setWordWrap(True)
        self.use_button.setObjectName("primary")
        self.use_button.setAccessibleName(self.tr("Use"))
        self.use_button.setToolTip(self.tr("Be this one from the next answer on"))
        self.looks_button.setObjectName("noticeAction")
        self.looks_button.setAccessibleName(self.tr("Take the present face and voice"))
        self.looks_button.setToolTip(self.tr("The face on show and the voice of the settings"))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.use_button)
        head.addWidget(self.delete_button)
        looks = QHBoxLayout()
        looks.addWidget(self.looks, 1)
        looks.addWidget(self.looks_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(margins(UNIT, UNIT, 2 * UNIT, 2 * UNIT))
        column.setSpacing(UNIT)
        column.addLayout(head)
        inside = QVBoxLayout()
        inside.setContentsMargins(margins(UNIT + 2, 0, 0, 0))
        inside.setSpacing(UNIT)
        for name, field in (
            (self.tr("First words"), self.greeting),
            (self.tr("Who it is, for a language model"), self.system),
        ):
            inside.addWidget(_section(name))
            inside.addWidget(field, 1 if field is self.system else 0)
        inside.addWidget(_section(self.tr("Face and voice")))
        inside.addLayout(looks)
        column.addLayout(inside, 1)


def _section(title: str) -> QLabel:
    label = QLabel(title)
    label.setObjectName("fieldName")
    return label
