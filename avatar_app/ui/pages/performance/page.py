"""The page of performance: the last turn, one suggestion, frames, and what each process takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from avatar_app.core.errors import AvatarError
from avatar_app.performance.advice import Advice
from avatar_app.session.performance_reports import PerformanceReport, ProcessLoad
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.page import PageContext, PageView, scrolled
from avatar_app.ui.pages.performance.waterfall import TurnWaterfall
from avatar_app.ui.pages.performance.words import PerformanceWords
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.margins import margins
from avatar_app.ui.widgets.notices import Action, Notice

LOOK_MS = 2_000
"""How often the processes are looked at while the page is on show."""


class PerformancePage(PageView):
    """Reads off the window's thread, and only while it is on show."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("Performance"))
        self._reports, self._work = context.session.performance, context.work
        self._words = PerformanceWords(self)
        self._advice: Advice | None = None
        self._unfollow: list[Callable[[], None]] = []
        self.headline, self.usual, self.legend = QLabel(), QLabel(), QLabel()
        self.advice, self.pictures = QLabel(), QLabel()
        self.waterfall = TurnWaterfall(context.theme, self._words)
        self.apply_button = small_button(
            self.tr("Apply"), self.tr("Apply the suggestion; can be undone"), primary=True
        )
        self.apply_button.clicked.connect(self.apply)
        self.loads: list[QLabel] = []
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._lay_out()

    def enter(self) -> None:
        context = self.context
        self._unfollow = [
            self._reports.subscribe(lambda: context.post(self._read)),
            context.session.settings.subscribe(lambda _change: context.post(self._read)),
        ]
        self._read()
        self._look()
        self._timer.start()

    def leave(self) -> None:
        self._timer.stop()
        for stop in self._unfollow:
            stop()
        self._unfollow = []

    def apply(self) -> None:
        """Do what is suggested, and offer to undo it."""
        advice = self._advice
        if advice is not None:
            task = self._work.run(lambda: self._reports.apply(advice))
            task.then(lambda _: self._applied(advice)).failed(self.toast.tell_error)

    def _applied(self, advice: Advice) -> None:
        settings = self.context.session.settings
        undo = Action(self.tr("Undo"), lambda: self._undo(settings.undo))
        names = ", ".join(advice.settings)
        self.toast.dismiss_all()
        self.toast.tell(Notice(self.tr("Applied."), names, action=undo))

    def _undo(self, job: Callable[[], object]) -> None:
        self._work.run(job)

    def _read(self) -> None:
        if self._unfollow:
            self._work.run(self._reports.report).then(self._show).failed(self._not_read)

    def _not_read(self, error: AvatarError) -> None:
        self.show_data()
        self.toast.tell_error(error)

    def _show(self, report: PerformanceReport) -> None:
        words = self._words
        self.headline.setText(words.headline(report))
        self.usual.setText(words.usual(report.turn))
        self.waterfall.show_bars(report.turn.bars)
        self.legend.setVisible(bool(report.turn.bars))
        self.pictures.setText(words.pictures(report.turn.pictures))
        self._advice = advice = report.advice
        good = self.tr("The answer came quickly. Nothing to improve.")
        waiting = self.tr("After the next turn, this shows what would help most.")
        text = good if report.has_turn else waiting
        if advice is not None:
            stage, sentence = words.stage(advice.stage), translated(advice.sentence)
            text = self.tr("{} took longest. {}").format(stage, sentence)
        self.advice.setText(text)
        self.apply_button.setVisible(advice is not None and bool(advice.settings))
        self.show_data()

    def _look(self) -> None:
        self._work.run(self._reports.loads).then(self._show_loads)

    def _show_loads(self, loads: Sequence[ProcessLoad]) -> None:
        while len(self.loads) < 2 * len(loads):
            self._add_load()
        for number in range(len(self.loads) // 2):
            title, figures = self.loads[2 * number], self.loads[2 * number + 1]
            is_measured = number < len(loads)
            if is_measured:
                for label, text in zip(
                    (title, figures), self._words.load(loads[number]), strict=True
                ):
                    label.setText(text)
            title.setVisible(is_measured)
            figures.setVisible(is_measured)

    def _add_load(self) -> None:
        title, figures = QLabel(), QLabel()
        figures.setObjectName("settingHelp")
        row = QHBoxLayout()
        row.addWidget(title, 1)
        row.addWidget(figures)
        self._processes.addLayout(row)
        self.loads += [title, figures]

    def _lay_out(self) -> None:
        self.headline.setObjectName("rowTitle")
        for label in (self.usual, self.legend, self.pictures):
            label.setObjectName("settingHelp")
        for label in (self.usual, self.legend, self.advice, self.pictures):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.legend.setText(
            self.tr(
                "Gray: half of your turns were shorter than the dark part, 95 % than the light."
            )
        )
        turn, inside = _card()
        for widget in (self.headline, self.usual, self.waterfall, self.legend):
            inside.addWidget(widget)
        hint, inside = _card()
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        row.addWidget(self.advice, 1)
        row.addWidget(self.apply_button, 0, Qt.AlignmentFlag.AlignVCenter)
        inside.addLayout(row)
        frames, inside = _card()
        inside.addWidget(self.pictures)
        processes, self._processes = _card()
        column = QVBoxLayout()
        column.setContentsMargins(margins(0, 0, 2 * UNIT, 10 * UNIT))
        column.setSpacing(UNIT)
        sections = {
            self.tr("Last turn"): turn,
            self.tr("What would help"): hint,
            self.tr("Pictures"): frames,
            self.tr("Processor and memory"): processes,
        }
        for title, card in sections.items():
            heading = QLabel(title)
            heading.setObjectName("section")
            column.addWidget(heading)
            column.addWidget(card)
            column.addSpacing(UNIT)
        column.addStretch(1)
        self.head.addStretch(1)
        content = scrolled(column, self.tr("Performance"))
        self.body.addWidget(content, 1)
        self.await_data(content)


def _card() -> tuple[QWidget, QVBoxLayout]:
    card = QFrame()
    card.setObjectName("formCard")
    inside = QVBoxLayout(card)
    inside.setContentsMargins(2 * UNIT, 12, 2 * UNIT, 12)
    inside.setSpacing(UNIT)
    return card, inside
