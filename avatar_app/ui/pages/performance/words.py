"""Titles and sentences of the page of performance."""

from __future__ import annotations

from PySide6.QtCore import QObject

from avatar_app.core.values import Pictures
from avatar_app.performance.turn_report import StageBar, TurnReport, WaitStage
from avatar_app.session.performance_reports import PerformanceReport, ProcessLoad
from avatar_app.ui.language.formats import number_text, size_text
from avatar_app.ui.language.texts import translated

MB = 2**20


def shown_time(ms: float) -> str:
    """`640 ms`, `1.34 s`"""
    if ms >= 1000:
        return translated("{0} s").replace("{0}", number_text(ms / 1000, 2))
    return translated("{0} ms").replace("{0}", number_text(ms))


class PerformanceWords(QObject):
    """A QObject, so that its texts can be translated."""

    def stage(self, stage: WaitStage) -> str:
        titles = {
            WaitStage.END_OF_TURN: self.tr("End of turn"),
            WaitStage.RECOGNITION: self.tr("Recognition"),
            WaitStage.FIRST_TOKEN: self.tr("First word"),
            WaitStage.VOICE: self.tr("Voice"),
            WaitStage.FACE: self.tr("Face"),
            WaitStage.DEVICE: self.tr("Loudspeaker"),
        }
        return titles[stage]

    def about(self, stage: WaitStage) -> str:
        """What the user waits for."""
        texts = {
            WaitStage.END_OF_TURN: self.tr("Silence until it is clear that you have finished"),
            WaitStage.RECOGNITION: self.tr("Until your words are understood"),
            WaitStage.FIRST_TOKEN: self.tr("From your words to the first word of the answer"),
            WaitStage.VOICE: self.tr("From the first clause to its first sound"),
            WaitStage.FACE: self.tr("From the first sound to the first picture of it"),
            WaitStage.DEVICE: self.tr("From the first sound to the loudspeaker"),
        }
        return texts[stage]

    def bar(self, bar: StageBar) -> str:
        """`Voice: 240 ms; usually 220 ms, at most 300 ms (95 %)`"""
        text = f"{self.stage(bar.stage)}: {shown_time(bar.ms)}"
        if bar.usual is not None:
            usual, most = shown_time(bar.usual.p50_ms), shown_time(bar.usual.p95_ms)
            text = self.tr("{}; usually {}, {} in 95 % of turns").format(text, usual, most)
        return text

    def headline(self, report: PerformanceReport) -> str:
        if not report.turn.bars:
            return self.tr("Nothing was measured yet.")
        if not report.has_turn:
            return self.tr("A typical turn")
        if report.turn.first_sound_ms is None:
            return self.tr("Last turn")
        return self.tr("Last turn: heard after {}").format(shown_time(report.turn.first_sound_ms))

    def usual(self, turn: TurnReport) -> str:
        times = turn.usual_first_sound
        if times is None:
            return self.tr("Talk for a while: each turn is measured here.")
        return self.tr("Usually after {}, {} in 95 % of {} turns.").format(
            shown_time(times.p50_ms), shown_time(times.p95_ms), number_text(times.count)
        )

    def pictures(self, pictures: Pictures) -> str:
        """How the face kept up."""
        drawn = pictures.shown + pictures.dropped
        if not drawn:
            return self.tr("No picture was drawn for a turn yet.")
        text = self.tr("{} pictures shown, {} left out ({} %).").format(
            number_text(pictures.shown),
            number_text(pictures.dropped),
            number_text(100 * pictures.dropped / drawn, 1),
        )
        skew = self.tr("Lips and sound are {} ms apart, {} ms at most (99 %).").format(
            number_text(pictures.skew_p50_ms), number_text(pictures.skew_p99_ms)
        )
        return f"{text} {skew}"

    def load(self, load: ProcessLoad) -> tuple[str, str]:
        """Title and figures of a process."""
        title = translated(load.title) or self.tr("Window and conversation")
        memory = size_text(load.ram_mb * MB)
        if load.vram_mb:
            card = self.tr("{} of the graphics card").format(size_text(load.vram_mb * MB))
            memory = f"{memory}  ·  {card}"
        if load.cores is None:
            return title, memory
        figures = self.tr("{} % of a core").format(number_text(100 * load.cores))
        return title, f"{figures}  ·  {memory}"
