"""The queue of downloads, in a card that is visible while there are any."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from avatar_app.session.model_downloads import ModelTransfer, TransferState
from avatar_app.ui.pages.models.transfer_row import TransferRow
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.pages.scrolling import mark_first
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button


class TransferCard(QWidget):
    """Passes on what the user chooses, by the model's id."""

    get_wanted = Signal(str)
    pause_wanted = Signal(str)
    cancel_wanted = Signal(str)
    all_wanted = Signal()

    def __init__(self, words: ModelWords) -> None:
        super().__init__()
        self._words = words
        self.rows: dict[str, TransferRow] = {}
        self._keys: list[QWidget] = []
        title = self.tr("Downloads")
        self.setAccessibleName(title)
        heading = QLabel(title)
        heading.setObjectName("section")
        self.all_button = small_button(
            self.tr("Resume all"), self.tr("Resume every paused or failed download")
        )
        self.all_button.clicked.connect(self.all_wanted)
        card = QFrame()
        card.setObjectName("formCard")
        self._inside = QVBoxLayout(card)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(0)
        top = QHBoxLayout()
        top.addWidget(heading, 1)
        top.addWidget(self.all_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addLayout(top)
        column.addWidget(card)
        self.hide()

    def show_transfers(self, transfers: Sequence[ModelTransfer]) -> None:
        """Rows stay while their model is on its way."""
        now = {each.model.id: each for each in transfers}
        for id in self.rows.keys() - now.keys():
            row = self.rows.pop(id)
            self._inside.removeWidget(row)
            row.hide()
            row.deleteLater()
        for place, (id, transfer) in enumerate(now.items()):
            if id in self.rows:
                self.rows[id].show_transfer(transfer)
            else:
                self._add(place, transfer)
            mark_first(self.rows[id], first=place == 0)
        self._order_keys()
        idle = [t for t in transfers if t.state in (TransferState.PAUSED, TransferState.FAILED)]
        self.all_button.setVisible(len(idle) > 1)
        self.setVisible(bool(now))

    def _order_keys(self) -> None:
        """Tab goes from top to bottom, whichever row came last."""
        items = (self._inside.itemAt(index) for index in range(self._inside.count()))
        keys: list[QWidget] = [self.all_button]
        for item in items:
            row = item.widget() if item is not None else None
            if isinstance(row, TransferRow):
                keys += [row.get_button, row.pause_button, row.cancel_button]
        if keys != self._keys:
            self._keys = keys
            for before, after in pairwise(keys):
                QWidget.setTabOrder(before, after)

    def _add(self, place: int, transfer: ModelTransfer) -> None:
        row = self.rows[transfer.model.id] = TransferRow(transfer, self._words)
        row.get_wanted.connect(self.get_wanted)
        row.pause_wanted.connect(self.pause_wanted)
        row.cancel_wanted.connect(self.cancel_wanted)
        self._inside.insertWidget(place, row)
