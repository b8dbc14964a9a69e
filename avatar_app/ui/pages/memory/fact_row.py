"""One fact that is remembered: corrected in place, deleted, with the words it came from."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout

from avatar_app.tools.services import RememberedFact
from avatar_app.ui.language.formats import day_text
from avatar_app.ui.pages.scrolling import sentence
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.message import plain_label


class FactRow(QFrame):
    """A changed text is the correction."""

    corrected = Signal(object, str)
    delete_wanted = Signal(object)
    source_wanted = Signal(str)
    """Emitted with the user's sentence, to be shown where it was said."""

    def __init__(self, known: RememberedFact) -> None:
        super().__init__()
        self.known = known
        self.setObjectName("voiceRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        fact = known.fact
        whose = fact.attribute if fact.subject == "user" else f"{fact.subject}: {fact.attribute}"
        title = plain_label(whose)
        title.setObjectName("voiceName")
        day = day_text(known.learned.astimezone()) if known.learned else ""
        self.source = sentence("   ".join(filter(None, (day, known.said))))
        self.field = QLineEdit(fact.value)
        self.field.setObjectName("filter")
        self.field.setMaxLength(500)
        self.field.setAccessibleName(self.tr("Correct: {}").format(whose))
        self.delete_button = small_button(
            self.tr("Delete"), self.tr("Forget: {}").format(f"{whose}, {fact.value}")
        )
        self.source_button = small_button(
            self.tr("Show"), self.tr("Show where you said: {}").format(known.said)
        )
        self.source_button.setVisible(bool(known.said) and not known.by_hand)
        self.source_button.clicked.connect(lambda: self.source_wanted.emit(self.known.said))
        self.field.editingFinished.connect(self._correct)
        self.delete_button.clicked.connect(lambda: self.delete_wanted.emit(self.known))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(title)
        texts.addWidget(self.source)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        row.setSpacing(UNIT)
        row.addLayout(texts, 2)
        row.addWidget(self.field, 2)
        row.addWidget(self.source_button)
        row.addWidget(self.delete_button)

    def _correct(self) -> None:
        text = self.field.text().strip()
        if text and text != self.known.fact.value:
            self.corrected.emit(self.known, text)
