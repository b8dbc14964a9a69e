"""What can be done with a line of the transcript: copy it, hear all or part again, correct it."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu

from avatar_app.ui.chat.chat_list import ChatList
from avatar_app.ui.chat.model import LINE_ROLE, Index, TranscriptLine
from avatar_app.ui.chat.word_pointer import WordPointer
from avatar_app.ui.style.assets import Glyph, icon
from avatar_app.ui.style.theme import Theme


class MessageActions(QObject):
    """A context menu, a click on a word, and keys while the list has the focus: Ctrl+C copies,
    Enter says an answer again (from the word that Left and Right mark) or corrects the user's last
    words, F2 corrects."""

    say_again = Signal(str)

    def __init__(self, view: ChatList, theme: Theme) -> None:
        super().__init__(view)
        self._view, self._theme = view, theme
        self.pointer = WordPointer(view)
        self.pointer.chosen.connect(self.say_again)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._open_menu)
        for key in ("Return", "Enter"):
            shortcut = QShortcut(QKeySequence(key), view)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(lambda: self._act_on(self._view.currentIndex()))

    def menu_for(self, index: Index, word: int | None = None) -> QMenu:
        """What can be done with the line at `index`, and with the sentence of its `word`."""
        line: TranscriptLine = index.data(LINE_ROLE)
        menu = QMenu(self._view)
        menu.setAccessibleName(self.tr("Message"))
        self._add(menu, Glyph.COPY, self.tr("Copy"), "Ctrl+C").triggered.connect(self._view.copy)
        if line.can_be_heard:
            again = self._add(menu, Glyph.SPEAKER, self.tr("Say again"), "Enter")
            again.triggered.connect(lambda: self.say_again.emit(line.answer.text))
            if word is not None and (sentence := line.answer.sentence_at(word)) != line.answer.text:
                once = self._add(menu, Glyph.SPEAKER, self.tr("Say this sentence again"))
                once.triggered.connect(lambda: self.say_again.emit(sentence))
        if index.flags() & Qt.ItemFlag.ItemIsEditable:
            correct = self._add(menu, Glyph.EDIT, self.tr("Correct and ask again"), "F2")
            correct.triggered.connect(lambda: self._act_on(index))
        return menu

    def _add(self, menu: QMenu, glyph: Glyph, title: str, keys: str = "") -> QAction:
        native = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
        text = f"{title}\t{native or keys}" if keys else title
        return menu.addAction(icon(glyph, self._theme.palette.text_dim, 18), text)

    def _open_menu(self, at: QPoint) -> None:
        index, pointed = self._view.indexAt(at), self.pointer.word_under(at)
        word = pointed[1] if pointed is not None else None
        if not index.isValid():  # the menu key asks for the current line
            index = self._view.currentIndex()
            at = self._view.visualRect(index).center()
        if not index.isValid():
            return
        word = self.pointer.marked_in(index.data(LINE_ROLE)) if word is None else word
        selection = self._view.selectionModel()
        if not selection.isSelected(index):
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        menu = self.menu_for(index, word)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._view.viewport().mapToGlobal(at))

    def _act_on(self, index: Index) -> None:
        """Say an answer again, or correct the user's last words."""
        line: TranscriptLine | None = index.data(LINE_ROLE) if index.isValid() else None
        if line is None:
            return
        if line.can_be_heard:
            self.say_again.emit(line.answer.text_from(self.pointer.marked_in(line) or 0))
        elif index.flags() & Qt.ItemFlag.ItemIsEditable:
            self._view.edit(self._view.model().index(index.row(), 0))
