"""The card above the models: the memory with the plan, the disk, and how fast the machine is."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from avatar_app.session.model_listing import ModelListing
from avatar_app.session.model_upkeep import FOLDER, MACHINE, Upkeep
from avatar_app.ui.pages.models.folder_row import ModelFolderRow
from avatar_app.ui.pages.models.memory_view import MemoryView
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import small_button


class ModelOverview(QFrame):
    """Shows what all models compete for."""

    measure_wanted = Signal()

    def __init__(self, theme: Theme, words: ModelWords) -> None:
        super().__init__()
        self._words = words
        self.setObjectName("formCard")
        self.memory = MemoryView(theme, words)
        self.folder = ModelFolderRow(words)
        self.measure_button = small_button(
            self.tr("Measure this computer"),
            self.tr("Measures in ten seconds which models are fast enough for this computer"),
        )
        self.measure_button.setAccessibleName(self.tr("Measure this computer"))
        self.measure_button.clicked.connect(self.measure_wanted)
        self.measure_button.hide()
        row = QHBoxLayout()
        row.setSpacing(UNIT)
        row.addWidget(self.folder, 1)
        row.addWidget(self.measure_button, 0, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 12)
        column.setSpacing(12)
        column.addWidget(self.memory)
        self.hide()  # until there is something in it
        column.addLayout(row)

    def show_listing(self, listing: ModelListing) -> None:
        """The state as it is now."""
        self.show()
        self.memory.show_plan(listing.memory)
        self.folder.show_listing(listing)
        self._is_measured = bool(listing.hardware.gflops)
        self.measure_button.setVisible(not self._is_measured)

    _is_measured = True

    def show_upkeep(self, upkeep: Mapping[str, Upkeep]) -> None:
        """Show whether the machine is being measured, and whether the models are on the move."""
        self.folder.show_upkeep(upkeep.get(FOLDER))
        now = upkeep.get(MACHINE)
        runs = now is not None and not now.done
        self.measure_button.setEnabled(not runs)
        self.measure_button.setText(
            self.tr("Measuring …") if runs else self.tr("Measure this computer")
        )
