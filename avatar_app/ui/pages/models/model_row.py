"""One model: what it is for, how it suits this machine, what can be done with it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from avatar_app.models.store import Presence
from avatar_app.performance.fitness import Verdict
from avatar_app.performance.memory_plan import MemoryPlan
from avatar_app.session.model_downloads import ModelTransfer, TransferState
from avatar_app.session.model_listing import ListedModel
from avatar_app.session.model_upkeep import Upkeep
from avatar_app.ui.language.formats import percent_text
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.models.details import ModelDetails
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.style.assets import Glyph, icon
from avatar_app.ui.style.stylesheet import mark
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.margins import margins

CHEVRON = 18
BUTTON = 14 * UNIT
"""Least width, so that the buttons of a card stand in a column."""


class ModelAction(StrEnum):
    """What a row's first button does."""

    GET = "get"
    USE = "use"
    RESTORE = "restore"
    NOTHING = ""


_TONES = {
    Verdict.COMFORTABLE: "good",
    Verdict.FITS: "plain",
    Verdict.TIGHT: "warn",
    Verdict.TOO_SLOW: "bad",
    Verdict.TOO_LARGE: "bad",
}


class ModelRow(QFrame):
    """Closed it is three lines; open it shows `ModelDetails`, made when they are first wanted."""

    wanted = Signal(str, str)
    """An action (of this row or of its details) and the model's id."""

    def __init__(self, entry: ListedModel, words: ModelWords, theme: Theme) -> None:
        super().__init__()
        self._theme, self._words = theme, words
        self.entry = entry
        self._action = ModelAction.NOTHING
        self._transfer: ModelTransfer | None = None
        self._upkeep: Upkeep | None = None
        self.plan: MemoryPlan | None = None
        """For the details."""
        self.details: ModelDetails | None = None
        self.setObjectName("settingRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        model = entry.model
        self.setAccessibleName(model.title)
        self.title, self.state = QLabel(model.title), QLabel()
        self.title.setObjectName("rowTitle")
        self.state.setObjectName("chip")
        self.verdict, self.reason = QLabel(), QLabel()
        self.summary = QLabel(translated(model.summary))
        self.verdict.setObjectName("verdict")
        for label in (self.reason, self.summary):
            label.setObjectName("settingHelp")
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.act_button = small_button("", model.title)
        self.act_button.setMinimumWidth(BUTTON)
        self.act_button.clicked.connect(self.act)
        self.more_button = QToolButton()
        self.more_button.setFixedSize(4 * UNIT, 4 * UNIT)
        self.more_button.setIconSize(QSize(CHEVRON, CHEVRON))
        self.more_button.setCheckable(True)
        self.more_button.setAccessibleName(self.tr("More about {}").format(model.title))
        self.more_button.setToolTip(self.tr("License, checks, delete"))
        self.more_button.toggled.connect(self.open)
        self._lay_out()
        self._paint_icon()
        theme.changed.connect(self._paint_icon)

    def contains(self, words: Iterable[str]) -> bool:
        """Whether a search for these words finds it."""
        return all(word in self.searchable for word in words)

    @property
    def searchable(self) -> str:
        """Return all text that a search looks at, in lower case."""
        model = self.entry.model
        summary = translated(model.summary)
        parts = (model.id, model.title, summary, model.license.title, *model.languages)
        return " ".join((*parts, self.verdict.text(), self.state.text())).casefold()

    def show_model(
        self,
        entry: ListedModel,
        transfer: ModelTransfer | None,
        upkeep: Upkeep | None,
    ) -> None:
        """The state as it is now."""
        self.entry, self._transfer, self._upkeep = entry, transfer, upkeep
        state = self._words.state(entry)
        if transfer is not None:
            state = self._words.transfer_state(transfer.state)
            if transfer.state is TransferState.FETCHING:
                state = f"{state} {percent_text(transfer.progress.fraction)}"
        self.state.setText(state)
        self.state.setVisible(bool(state))
        self._tone(self.state, "accent" if entry.used_by else "plain")
        self.verdict.setText(self._words.verdict(entry.fitness))
        self.reason.setText(self._words.reason(entry.fitness))
        self._tone(self.verdict, _TONES[entry.fitness.verdict])
        self._offer()
        if self.details is not None:
            self.details.show_model(entry, transfer, upkeep)
            self.details.show_plan(self.plan, entry)
        fits = f"{self.verdict.text()}: {self.reason.text()}"
        self.setAccessibleDescription(f"{state} {fits}".strip())

    def open(self, opened: bool) -> None:  # noqa: FBT001 (a slot)
        """Show or hide the details."""
        if opened and self.details is None:
            self.details = ModelDetails(self.entry.model, self._words, self._theme)
            self.details.wanted.connect(self.wanted)
            self._column.addWidget(self.details)
            for before, after in pairwise((self.more_button, *self.details.controls)):
                QWidget.setTabOrder(before, after)
            self.details.show_model(self.entry, self._transfer, self._upkeep)
            self.details.show_plan(self.plan, self.entry)
        if self.details is not None:
            self.details.setVisible(opened)
        self.more_button.setChecked(opened)
        self._paint_icon()

    def act(self) -> None:
        """Do what the first button says; what must be agreed to or installed first is shown."""
        entry = self.entry
        blocked = bool(entry.missing_packages) and self._action is ModelAction.USE
        if (self._action is ModelAction.GET and not entry.is_accepted) or blocked:
            self.open(opened=True)
            if self.details is not None:
                self.details.ask_first()
            return
        self.wanted.emit(self._action.value, entry.model.id)

    def _offer(self) -> None:
        """What the first button does now."""
        entry, words = self.entry, self._words
        self._action = self._possible()
        titles = {
            ModelAction.GET: self.tr("Get {}").format(words.size(entry)).strip(),
            ModelAction.USE: self.tr("Install …") if entry.missing_packages else self.tr("Use"),
            ModelAction.RESTORE: self.tr("Undo"),
            ModelAction.NOTHING: "",
        }
        title = titles[self._action]
        self.act_button.setText(title)
        self.act_button.setAccessibleName(f"{title}: {entry.model.title}".strip(": "))
        self.act_button.setToolTip(self.act_button.accessibleName())
        self.act_button.setVisible(self._action is not ModelAction.NOTHING)

    def _possible(self) -> ModelAction:
        entry = self.entry
        if self._transfer is not None:
            return ModelAction.NOTHING
        if entry.presence is not Presence.INSTALLED:
            return ModelAction.RESTORE if entry.deleted_bytes else ModelAction.GET
        usable = entry.can_be_used and not entry.used_by
        return ModelAction.USE if usable else ModelAction.NOTHING

    def _tone(self, label: QLabel, tone: str) -> None:
        mark(label, "tone", tone)

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.setSpacing(UNIT)
        heading.addWidget(self.title)
        heading.addWidget(self.state)
        heading.addStretch(1)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addLayout(heading)
        texts.addWidget(self.summary)
        fits = QHBoxLayout()
        fits.setSpacing(UNIT)
        fits.addWidget(self.verdict, 0, Qt.AlignmentFlag.AlignTop)
        fits.addWidget(self.reason, 1)
        texts.addLayout(fits)
        row = QHBoxLayout()
        row.setSpacing(UNIT)
        row.addLayout(texts, 1)
        row.addSpacing(UNIT)
        row.addWidget(self.act_button, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.more_button, 0, Qt.AlignmentFlag.AlignVCenter)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(margins(2 * UNIT, 12, UNIT, 12))
        self._column.setSpacing(UNIT)
        self._column.addLayout(row)

    def _paint_icon(self) -> None:
        glyph = Glyph.CHEVRON_UP if self.more_button.isChecked() else Glyph.CHEVRON
        self.more_button.setIcon(icon(glyph, self._theme.palette.text_dim, CHEVRON))
