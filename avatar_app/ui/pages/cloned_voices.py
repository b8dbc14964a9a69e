"""The list of cloned voices: compared, used, deleted with undo, or revoked for good."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from avatar_app.core.jobs import Job
from avatar_app.session.voice_gallery import InstalledVoice, VoiceList
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.cloned_row import ClonedRow
from avatar_app.ui.pages.cloning.clone_words import CloneWords
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.page_ids import MODELS
from avatar_app.ui.pages.scrolling import Section, mark_first, sentence
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.notices import Action, Notice

Press = Callable[[InstalledVoice | None, Callable[[Job[Any]], None]], None]


class ClonedVoices(QWidget):
    """One row for each; a sentence where no engine can speak with them."""

    changed = Signal()
    """A voice is gone."""
    notice = Signal(object)
    """A Notice for the user."""
    use_wanted = Signal(object)
    """An InstalledVoice is to speak from now on."""

    def __init__(self, context: PageContext, press: Press) -> None:
        """`press` plays something, and stops what is heard."""
        super().__init__()
        self._context, self._gallery, self._press = context, context.session.voices, press
        self._leaving: set[str] = set()
        self._found = VoiceList()
        self._current: InstalledVoice | None = None
        self.section = Section(self.tr("Cloned voices"))
        self.rows: dict[str, ClonedRow] = {}
        self.about, self.missing = sentence(""), sentence("")
        self.models_button = small_button(
            self.tr("Show the models"), self.tr("Show what can be installed to speak in them")
        )
        self.models_button.clicked.connect(lambda: context.show_page(MODELS))
        self._lay_out()

    def show_list(self, found: VoiceList) -> None:
        """Show those that are there."""
        self._found = found
        for row in self.rows.values():
            row.hide()
            row.deleteLater()
        self.rows = {}
        for name in found.cloned:
            if name not in self._leaving:
                self.rows[name] = self._row(name)
                self.section.rows.addWidget(self.rows[name])
                mark_first(self.rows[name], first=len(self.rows) == 1)
        self.section.card.setVisible(bool(self.rows))
        self.about.setText(self._sentence())
        reasons = [translated(each.reason) for each in found.missing]
        self.missing.setText("\n".join(reasons))
        self.missing.setVisible(bool(reasons))
        self.models_button.setVisible(not found.speaks_clones)
        self.mark_current(self._current)

    def mark_current(self, voice: InstalledVoice | None) -> None:
        """Show which voice speaks in the conversation."""
        self._current = voice
        for row in self.rows.values():
            row.show_current(current=voice is not None and row.voice == voice)

    def _sentence(self) -> str:
        if self._found.speaks_clones:
            return self.tr("Each is a voice whose speaker has consented; taking it back is final.")
        return CloneWords(self).unable(self._found)

    def _row(self, name: str) -> ClonedRow:
        voice = next((v for v in self._found.voices if v.cloned and v.name == name), None)
        row = ClonedRow(name, voice)
        row.reference_wanted.connect(partial(self._hear_reference, name))
        row.hear_wanted.connect(partial(self._hear, voice))
        row.use_wanted.connect(self.use_wanted)
        row.delete_wanted.connect(self._delete)
        row.revoke_wanted.connect(self._revoke)
        return row

    def _hear(self, voice: InstalledVoice | None) -> None:
        text = self.tr("Hello! This is how I sound when we talk.")
        self._press(voice, lambda job: self._gallery.hear(job, voice, text))

    def _hear_reference(self, name: str) -> None:
        self._press(None, lambda job: self._gallery.hear_reference(job, name))

    def _delete(self, name: str) -> None:
        """Gone from the list at once; for good when nobody wants it back."""
        self._leaving.add(name)
        self.show_list(self._found)
        self.notice.emit(
            Notice(
                self.tr("The voice {} is deleted.").format(name),
                action=Action(self.tr("Undo"), partial(self._keep, name)),
                expired=partial(self._remove, name),
            )
        )

    def _keep(self, name: str) -> None:
        self._leaving.discard(name)
        self.show_list(self._found)

    def _remove(self, name: str) -> None:
        self._context.work.run(lambda: self._gallery.remove(name)).then(lambda _: self._gone(name))

    def _revoke(self, name: str) -> None:
        self._context.work.run(lambda: self._gallery.revoke(name)).then(
            lambda _: self._revoked(name)
        )

    def _revoked(self, name: str) -> None:
        self._gone(name)
        self.notice.emit(
            Notice(
                self.tr("The consent to {} was revoked.").format(name),
                self.tr("The voice is deleted, and no copy of it opens again."),
            )
        )

    def _gone(self, name: str) -> None:
        self._leaving.discard(name)
        self.changed.emit()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setContentsMargins(12, 0, 12, 0)
        buttons.setSpacing(UNIT)
        buttons.addWidget(self.models_button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self.section)
        for label in (self.about, self.missing):
            label.setContentsMargins(12, 0, 12, 0)
            column.addWidget(label)
        column.addLayout(buttons)
