"""The card above the models: the memory with the plan, the disk, and how fast the machine is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from avatar_app.core.manifest import Kind
from avatar_app.performance.memory_plan import MemoryPlan
from avatar_app.session.model_shelf import ModelShelf
from avatar_app.session.model_upkeep import MACHINE, Upkeep
from avatar_app.ui.language.formats import size_text
from avatar_app.ui.pages.models.memory_bar import MemoryBar, MemorySegment
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import small_button

MB = 2**20
_SHADES = {
    Kind.ASR: "listening",
    Kind.DIALOGUE: "accent",
    Kind.TTS: "speaking",
    Kind.FACE: "danger",
}


class ModelOverview(QFrame):
    """Shows what all models compete for."""

    measure_wanted = Signal()

    def __init__(self, theme: Theme, words: ModelWords) -> None:
        super().__init__()
        self._words = words
        self.setObjectName("formCard")
        self.bar = MemoryBar(theme)
        self.disk = QLabel()
        self.disk.setObjectName("settingHelp")
        self.disk.setWordWrap(True)
        self.measure_button = small_button(
            self.tr("Measure this computer"),
            self.tr("Ten seconds of full speed show which models are quick enough here"),
        )
        self.measure_button.setAccessibleName(self.tr("Measure this computer"))
        self.measure_button.clicked.connect(self.measure_wanted)
        self.measure_button.hide()
        self.title, self.total = QLabel(self.tr("Memory")), QLabel()
        self.title.setObjectName("rowTitle")
        self.total.setObjectName("settingHelp")
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.total)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        row.addWidget(self.disk, 1)
        row.addWidget(self.measure_button, 0, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 12)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(self.bar)
        column.addLayout(row)

    def show_shelf(self, shelf: ModelShelf) -> None:
        """The state as it is now."""
        plan = shelf.memory
        self.bar.show_segments(tuple(self._segments(plan)), plan.limits.soft)
        planned, total = size_text(plan.planned_mb * MB), size_text(plan.total_mb * MB)
        self.total.setText(self.tr("{} of {} with what is chosen").format(planned, total))
        self.disk.setText(self._words.disk(shelf))
        self._is_measured = bool(shelf.hardware.gflops)
        self.measure_button.setVisible(not self._is_measured)

    _is_measured = True

    def show_upkeep(self, upkeep: Mapping[str, Upkeep]) -> None:
        """Whether the machine is being measured."""
        now = upkeep.get(MACHINE)
        runs = now is not None and not now.done
        self.measure_button.setEnabled(not runs)
        self.measure_button.setText(
            self.tr("Measuring …") if runs else self.tr("Measure this computer")
        )

    def _segments(self, plan: MemoryPlan) -> Iterator[MemorySegment]:
        def segment(title: str, mb: float, shade: str) -> MemorySegment:
            return MemorySegment(title, size_text(mb * MB), mb / plan.total_mb, shade)

        yield segment(self.tr("In use by others"), plan.others_mb, "text_faint")
        rest = 0.0
        for kind, mb in plan.engines_mb.items():
            if kind in _SHADES:
                yield segment(self._words.engine(kind), mb, _SHADES[kind])
            else:
                rest += mb
        yield segment(self._words.engine(Kind.VAD), rest, "muted")
        yield segment(self.tr("Free"), max(0.0, plan.total_mb - plan.planned_mb), "")
