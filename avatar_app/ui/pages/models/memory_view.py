"""Memory bars with a plan: main memory, and the graphics card where there is one."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from avatar_app.core.manifest import Kind
from avatar_app.performance.memory_plan import MemoryPlan, PoolPlan
from avatar_app.ui.language.formats import size_text
from avatar_app.ui.pages.models.memory_bar import MemoryBar, MemorySegment
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.style.theme import Theme

MB = 2**20
_SHADES = {
    Kind.ASR: "listening",
    Kind.DIALOGUE: "accent",
    Kind.TTS: "speaking",
    Kind.FACE: "danger",
}


class PoolView(QWidget):
    """A heading, what is planned, and the bar of one kind of memory."""

    def __init__(self, theme: Theme, words: ModelWords) -> None:
        super().__init__()
        self._words = words
        self.bar = MemoryBar(theme)
        self.title, self.total = QLabel(), QLabel()
        self.title.setObjectName("rowTitle")
        self.total.setObjectName("settingHelp")
        top = QHBoxLayout()
        top.addWidget(self.title)
        top.addStretch(1)
        top.addWidget(self.total)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(self.bar)

    def show_plan(self, plan: PoolPlan, title: str, with_model: str = "") -> None:
        """`with_model`: title of a model that the plan is for, in place of what is chosen."""
        self.title.setText(title)
        self.bar.setAccessibleName(title)
        self.bar.show_segments(tuple(self._segments(plan)), plan.limits.soft)
        planned, total = size_text(plan.planned_mb * MB), size_text(plan.total_mb * MB)
        text = self.tr("{} of {} with the engines in use").format(planned, total)
        if with_model:
            text = self.tr("{} of {} with {}").format(planned, total, with_model)
        elif plan.own_mb:
            own = size_text(plan.own_mb * MB)
            text = self.tr("{}  ·  the avatar takes {} now").format(text, own)
        self.total.setText(text)

    def _segments(self, plan: PoolPlan) -> Iterator[MemorySegment]:
        def segment(title: str, mb: float, shade: str) -> MemorySegment:
            return MemorySegment(title, size_text(mb * MB), mb / plan.total_mb, shade)

        yield segment(self.tr("In use by others"), plan.others_mb, "text_faint")
        rest = 0.0
        for kind, mb in plan.engines_mb.items():
            if kind in _SHADES:
                yield segment(self._words.engine(kind), mb, _SHADES[kind])
            else:
                rest += mb
        if rest:
            yield segment(self._words.engine(Kind.VAD), rest, "muted")
        yield segment(self.tr("Free"), max(0.0, plan.total_mb - plan.planned_mb), "")


class MemoryView(QWidget):
    """Both kinds of memory."""

    def __init__(self, theme: Theme, words: ModelWords) -> None:
        super().__init__()
        self.ram, self.card = PoolView(theme, words), PoolView(theme, words)
        self.card.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.ram)
        column.addWidget(self.card)

    def show_plan(self, plan: MemoryPlan, with_model: str = "") -> None:
        """Show the plan of what is chosen, or with another model."""
        self.ram.show_plan(plan, self.tr("Memory"), with_model)
        self.card.setVisible(plan.card is not None)
        if plan.card is not None:
            title = self.tr("Graphics card  ·  {}").format(plan.card.title)
            self.card.show_plan(plan.card, title, with_model)
