"""The queue of clips as a table, with what can be done to those that are chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from avatar_app.storage.clip_queue import ClipState, QueuedClip
from avatar_app.ui.language.formats import percent_text
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.studio.words import StudioWords
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.margins import margins

_ROWS_SHOWN = 6
_ROW = 4 * UNIT


class QueueTable(QFrame):
    """Shows all clips; buttons act on those that are chosen."""

    run_wanted = Signal()
    stop_wanted = Signal()
    cancel_wanted = Signal(list)
    retry_wanted = Signal(list)
    remove_wanted = Signal(list)

    def __init__(self, words: StudioWords) -> None:
        super().__init__()
        self.setObjectName("formCard")
        self._words = words
        self._clips: tuple[QueuedClip, ...] = ()
        self.empty = QLabel(self.tr("No clips are waiting."))
        self.empty.setObjectName("settingHelp")
        self.table = QTableWidget(0, 3)
        self.run_button = small_button(
            self.tr("Make all"), self.tr("Make all clips of the queue"), primary=True
        )
        self.stop_button = small_button(
            self.tr("Pause"), self.tr("Stop the work; what is done is kept")
        )
        self.cancel_button = small_button(self.tr("Cancel"), self.tr("Cancel the chosen clips"))
        self.retry_button = small_button(
            self.tr("Try again"), self.tr("Try the chosen clips again")
        )
        self.remove_button = small_button(
            self.tr("Remove"), self.tr("Take the chosen clips off the list; files stay")
        )
        self._dress()
        self._lay_out()
        self.run_button.clicked.connect(self.run_wanted)
        self.stop_button.clicked.connect(self.stop_wanted)
        self.cancel_button.clicked.connect(lambda: self.cancel_wanted.emit(self.chosen()))
        self.retry_button.clicked.connect(lambda: self.retry_wanted.emit(self.chosen()))
        self.remove_button.clicked.connect(lambda: self.remove_wanted.emit(self.chosen()))
        self.table.itemSelectionChanged.connect(self._enable)
        self.show_clips((), running=False)

    def chosen(self) -> list[int]:
        """Return the numbers of the chosen clips."""
        rows = {index.row() for index in self.table.selectedIndexes()}
        return [self._clips[row].number for row in sorted(rows) if row < len(self._clips)]

    def show_clips(self, clips: Sequence[QueuedClip], *, running: bool) -> None:
        """Show the queue as it is now; `running`: workers are at work."""
        self._clips = tuple(clips)
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(clips))
            for row, clip in enumerate(clips):
                for column, text in enumerate(self._texts(clip)):
                    self._put(row, column, text, translated(clip.error))
        waiting = any(clip.state is ClipState.WAITING for clip in clips)
        self.empty.setVisible(not clips)
        self.table.setVisible(bool(clips))
        self.table.setFixedHeight(_ROW * (min(len(clips), _ROWS_SHOWN) + 1) + 4)
        self.run_button.setVisible(not running)
        self.run_button.setEnabled(waiting)
        self.stop_button.setVisible(running)
        self._enable()

    def _texts(self, clip: QueuedClip) -> tuple[str, str, str]:
        state = self._words.state(clip.state)
        if clip.state is ClipState.RUNNING:
            state = f"{self._words.step(clip.step)} {percent_text(clip.fraction)}"
        about = translated(clip.error) if clip.error else str(clip.output.parent)
        return clip.output.name, state, about

    def _put(self, row: int, column: int, text: str, tip: str) -> None:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            item.setFlags(Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled)
            self.table.setItem(row, column, item)
        if item.text() != text:
            item.setText(text)
        item.setToolTip(tip)

    def _enable(self) -> None:
        rows = {index.row() for index in self.table.selectedIndexes()}
        states = {self._clips[row].state for row in rows if row < len(self._clips)}
        going = {ClipState.WAITING, ClipState.RUNNING}
        self.cancel_button.setEnabled(bool(states & going))
        self.retry_button.setEnabled(bool(states & {ClipState.FAILED, ClipState.CANCELLED}))
        self.remove_button.setEnabled(bool(states) and ClipState.RUNNING not in states)

    def _dress(self) -> None:
        table = self.table
        table.setObjectName("plainList")
        table.setAccessibleName(self.tr("Clips of the queue"))
        table.setHorizontalHeaderLabels([self.tr("Clip"), self.tr("State"), self.tr("Folder")])
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_ROW)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeading)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(UNIT)
        buttons.addWidget(self.run_button)
        buttons.addWidget(self.stop_button)
        buttons.addStretch(1)
        for button in (self.cancel_button, self.retry_button, self.remove_button):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(margins(2 * UNIT, 12, 2 * UNIT, 12))
        column.setSpacing(UNIT)
        column.addWidget(self.empty)
        column.addWidget(self.table)
        column.addLayout(buttons)
