"""The models under their abilities. Rows are made a few at a time, so that nothing stalls."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from avatar_app.models.abilities import Ability
from avatar_app.performance.memory_plan import MemoryPlan
from avatar_app.session.model_downloads import ModelTransfer
from avatar_app.session.model_listing import ListedModel
from avatar_app.session.model_upkeep import Upkeep
from avatar_app.ui.pages.models.model_row import ModelRow
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.pages.scrolling import mark_first
from avatar_app.ui.style.theme import UNIT, Theme

AT_ONCE = 3
"""Rows made before painting and input get their turn: some ten milliseconds."""


class ModelGroups(QWidget):
    """Rows are made once and filled from then on."""

    wanted = Signal(str, str)
    """As `ModelRow.wanted`."""

    def __init__(self, words: ModelWords, theme: Theme) -> None:
        super().__init__()
        self._words, self._theme = words, theme
        self.rows: dict[str, ModelRow] = {}
        self._cards: dict[Ability, _AbilityCard] = {}
        self._models: dict[str, ListedModel] = {}
        self._transfers: Mapping[str, ModelTransfer] = {}
        self._upkeep: Mapping[str, Upkeep] = {}
        self._plan: MemoryPlan | None = None
        self._search: tuple[str, ...] = ()
        self._lacking: deque[str] = deque()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._make_some)
        self._nothing = QLabel(self.tr("Looking at your models …"))
        self._nothing.setObjectName("empty")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setMinimumHeight(20 * UNIT)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(UNIT)
        self._column.addWidget(self._nothing)

    @property
    def is_complete(self) -> bool:
        """Whether there is a row for every model."""
        return not self._lacking and bool(self.rows)

    def show_models(
        self,
        models: Sequence[ListedModel],
        transfers: Mapping[str, ModelTransfer],
        upkeep: Mapping[str, Upkeep],
        plan: MemoryPlan | None = None,
    ) -> None:
        """Show the state as it is now; `transfers` and `upkeep` by the model's id."""
        self._plan = plan
        order = list(Ability)
        ordered = sorted(models, key=lambda each: order.index(each.ability))
        self._models = {each.model.id: each for each in ordered}
        self._transfers, self._upkeep = transfers, upkeep
        self._lacking = deque(id for id in self._models if id not in self.rows)
        for id in self.rows.keys() & self._models.keys():
            self._fill(id)
        self._make_some()

    def search(self, text: str) -> None:
        """Show the models that contain each of the words."""
        self._search = tuple(text.casefold().split())
        self._filter()

    def stop(self) -> None:
        """Make no more rows for now; `show_models` goes on with it."""
        self._timer.stop()

    def _make_some(self) -> None:
        for _ in range(min(AT_ONCE, len(self._lacking))):
            id = self._lacking.popleft()
            entry = self._models[id]
            row = self.rows[id] = ModelRow(entry, self._words, self._theme)
            row.wanted.connect(self.wanted)
            self._card(entry.ability).add(row)
            self._fill(id)
        self._filter()
        if self._lacking:
            self._timer.start(0)

    def _card(self, ability: Ability) -> _AbilityCard:
        if ability not in self._cards:
            self._cards[ability] = card = _AbilityCard(self._words.ability(ability))
            self._column.addWidget(card)
        return self._cards[ability]

    def _fill(self, id: str) -> None:
        row = self.rows[id]
        row.show_model(self._models[id], self._transfers.get(id), self._upkeep.get(id), self._plan)

    def _filter(self) -> None:
        found = [card.show_only(self._search) for card in self._cards.values()]
        if self.is_complete:
            self._nothing.setText(self.tr("No model matches. Try fewer words."))
        self._nothing.setVisible(not any(found) and (self.is_complete or not found))


class _AbilityCard(QWidget):
    """A heading, and a card of rows."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self._rows: list[ModelRow] = []
        heading = QLabel(title)
        heading.setObjectName("section")
        card = QFrame()
        card.setObjectName("formCard")
        self._inside = QVBoxLayout(card)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, UNIT)
        column.setSpacing(UNIT)
        column.addWidget(heading)
        column.addWidget(card)

    def add(self, row: ModelRow) -> None:
        self._rows.append(row)
        self._inside.addWidget(row)

    def show_only(self, words: tuple[str, ...]) -> bool:
        """Show the rows that contain each of the words; False if none does."""
        shown = [row for row in self._rows if all(word in row.searchable for word in words)]
        for row in self._rows:
            row.setVisible(row in shown)
            mark_first(row, first=bool(shown) and row is shown[0])
        self.setVisible(bool(shown))
        return bool(shown)
