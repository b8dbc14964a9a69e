"""Selects a word of an answer by mouse or arrow keys, to play the answer from it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QKeySequence, QMouseEvent, QShortcut
from PySide6.QtWidgets import QApplication

from avatar_app.ui.chat.chat_list import ChatList
from avatar_app.ui.chat.model import LINE_ROLE, TranscriptLine

Pointed = tuple[TranscriptLine, int]
"""A line and the number of a word in it."""


class WordPointer(QObject):
    """A click says an answer from the word on; Left and Right move the mark in the current line."""

    chosen = Signal(str)
    """What to say: an answer from a word to its end."""

    def __init__(self, view: ChatList) -> None:
        super().__init__(view)
        self._view = view
        self._pressed: tuple[Pointed, QPoint] | None = None
        view.viewport().setMouseTracking(True)
        view.viewport().installEventFilter(self)
        view.selectionModel().currentChanged.connect(lambda: self._point(None))
        for key, step in (("Left", -1), ("Right", 1)):
            shortcut = QShortcut(QKeySequence(key), view)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(lambda step=step: self._move(step))

    def marked_in(self, line: TranscriptLine) -> int | None:
        """Return the marked word of a line."""
        pointed = self._view.delegate.pointed
        return pointed[1] if pointed is not None and pointed[0] == line else None

    def eventFilter(self, _viewport: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent):
            self._mouse(event)
        elif event.type() == QEvent.Type.Leave:
            self._point(None)
        return False

    def _mouse(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        left = event.button() == Qt.MouseButton.LeftButton
        match event.type():
            case QEvent.Type.MouseMove:
                self._point(None if event.buttons() else self.word_under(at))
            case QEvent.Type.MouseButtonPress if left and not event.modifiers():
                pointed = self.word_under(at)
                self._pressed = None if pointed is None else (pointed, at)
            case QEvent.Type.MouseButtonRelease if left and self._pressed is not None:
                (line, word), start = self._pressed
                self._pressed = None
                if (at - start).manhattanLength() < QApplication.startDragDistance():
                    self._point((line, word))
                    self.chosen.emit(line.answer.text_from(word))
            case QEvent.Type.MouseButtonDblClick:
                self._pressed = None

    def word_under(self, at: QPoint) -> Pointed | None:
        """Return the word of a finished answer at a place of the viewport."""
        index = self._view.indexAt(at)
        line: TranscriptLine | None = index.data(LINE_ROLE) if index.isValid() else None
        if line is None or not line.can_be_heard:
            return None
        rect = self._view.visualRect(index)
        word = self._view.delegate.word_at(line, QPointF(at - rect.topLeft()), rect)
        return None if word is None else (line, word)

    def _move(self, step: int) -> None:
        line: TranscriptLine | None = self._view.currentIndex().data(LINE_ROLE)
        if line is None or not line.can_be_heard:
            return
        last = len(line.answer.words) - 1
        marked = self.marked_in(line)
        start = -1 if step > 0 else last + 1
        self._point((line, min(last, max(0, (start if marked is None else marked) + step))))

    def _point(self, pointed: Pointed | None) -> None:
        if pointed == self._view.delegate.pointed:
            return
        self._view.delegate.pointed = pointed
        hand = Qt.CursorShape.PointingHandCursor
        self._view.viewport().setCursor(Qt.CursorShape.ArrowCursor if pointed is None else hand)
        self._view.viewport().update()
