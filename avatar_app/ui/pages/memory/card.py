"""What is remembered, on the page of privacy: seen, corrected, exported, deleted with undo."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from avatar_app.session.stored_memories import Remembered
from avatar_app.storage.episodes import Episode
from avatar_app.tools.services import RememberedFact
from avatar_app.ui.language.formats import day_text
from avatar_app.ui.pages.memory.fact_row import FactRow
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.page_ids import HISTORY
from avatar_app.ui.pages.scrolling import Section, mark_first, sentence
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.notices import Action, Notice, NoticeBar


class MemoryCard(QWidget):
    """Facts and episodes. What may take a moment goes through the window's `work`."""

    def __init__(self, context: PageContext, toast: NoticeBar) -> None:
        super().__init__()
        self._memories, self._work, self._toast = context.session.memories, context.work, toast
        self._show_page = context.show_page
        self.facts: list[FactRow] = []
        self.episodes: list[QFrame] = []
        self._fact_section = Section(self.tr("What I know of you"))
        self._episode_section = Section(self.tr("What we talked about"))
        self.nothing = sentence(self.tr("I know nothing of you yet. Tell me something."))
        self.export_button = small_button(
            self.tr("Export"), self.tr("Write everything into a JSON file")
        )
        self.export_button.clicked.connect(self._choose_file)
        row = QHBoxLayout()
        row.addWidget(self.nothing, 1)
        row.addStretch(1)
        row.addWidget(self.export_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addWidget(self._fact_section)
        column.addWidget(self._episode_section)
        column.addLayout(row)
        self._show(Remembered())

    def refresh(self) -> None:
        """Show what is remembered now."""
        task = self._work.run(self._memories.all)
        task.then(self._show).failed(self._toast.tell_error)

    def correct(self, known: RememberedFact, value: str) -> None:
        """Replace a fact by what is right."""
        self._change(partial(self._memories.correct, known, value))

    def forget(self, known: RememberedFact) -> None:
        """Delete a fact; the notice brings it back."""
        self._change(partial(self._memories.forget, known))
        self._offer_back(known.fact.value, partial(self._memories.restore, known))

    def forget_episode(self, episode: Episode) -> None:
        """Delete an episode; the notice brings it back."""
        self._change(partial(self._memories.forget_episode, episode))
        self._offer_back(episode.summary, partial(self._memories.restore_episode, episode))

    def _offer_back(self, text: str, restore: partial[None]) -> None:
        self._toast.dismiss_all()
        undo = Action(self.tr("Undo"), partial(self._change, restore))
        self._toast.tell(Notice(self.tr("Forgotten: {}").format(text), action=undo))

    def export(self, path: Path) -> None:
        """Write everything into a file."""
        task = self._work.run(lambda: self._memories.export(path))
        message = self.tr("Everything that I remember is in {}.").format(path.name)
        task.then(lambda _nothing: self._toast.tell(Notice(message)))
        task.failed(self._toast.tell_error)

    def _change(self, change: partial[None]) -> None:
        task = self._work.run(change).then(lambda _nothing: self.refresh())
        task.failed(self._toast.tell_error)

    def _choose_file(self) -> None:
        dialog = QFileDialog(self, self.tr("Export"), "memory.json")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(lambda path: self.export(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _show(self, remembered: Remembered) -> None:
        for row in (*self.facts, *self.episodes):
            row.hide()
            row.deleteLater()
        self.facts = [self._fact_row(known) for known in remembered.facts[::-1]]
        self.episodes = [self._episode_row(episode) for episode in remembered.episodes]
        for section, rows in (
            (self._fact_section, self.facts),
            (self._episode_section, self.episodes),
        ):
            for number, row in enumerate(rows):
                mark_first(row, first=number == 0)
                section.rows.addWidget(row)
            section.setVisible(bool(rows))
        self.nothing.setVisible(not (self.facts or self.episodes))
        self.export_button.setEnabled(bool(self.facts or self.episodes))

    def _fact_row(self, known: RememberedFact) -> FactRow:
        row = FactRow(known)
        row.corrected.connect(self.correct)
        row.delete_wanted.connect(self.forget)
        row.source_wanted.connect(partial(self._show_page, HISTORY))
        return row

    def _episode_row(self, episode: Episode) -> QFrame:
        row = QFrame()
        row.setObjectName("voiceRow")
        about = sentence(f"{day_text(episode.at.astimezone())}   {episode.summary}")
        name = self.tr("Forget: {}").format(episode.summary)
        button = small_button(self.tr("Delete"), name)
        button.clicked.connect(lambda: self.forget_episode(episode))
        inside = QHBoxLayout(row)
        inside.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        inside.setSpacing(UNIT)
        widgets: tuple[QWidget, ...] = (about, button)
        for widget, stretch in zip(widgets, (1, 0), strict=True):
            inside.addWidget(widget, stretch)
        return row
