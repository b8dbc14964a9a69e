"""The models under their abilities. Rows are made a few at a time, so that nothing stalls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from avatar_app.models.abilities import Ability
from avatar_app.performance.memory_plan import MemoryPlan
from avatar_app.session.model_downloads import ModelTransfer
from avatar_app.session.model_listing import ListedModel
from avatar_app.session.model_upkeep import Upkeep
from avatar_app.ui.pages.models.model_row import ModelRow
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.pages.scrolling import mark_first
from avatar_app.ui.qt.slices import Slices
from avatar_app.ui.style.theme import UNIT, Theme


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
        self._shown: dict[str, tuple[object, ...]] = {}
        """What each row shows now."""
        self._slices = Slices(self)
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
        return bool(self.rows) and self.rows.keys() >= self._models.keys()

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
        self._slices.resume()
        self._slices.begin(self._fill_rows())

    def search(self, text: str) -> None:
        """Show the models that contain each of the words."""
        self._search = tuple(text.casefold().split())
        self._filter()

    def stop(self) -> None:
        """Make no more rows for now; `show_models` goes on with it."""
        self._slices.pause()

    def _fill_rows(self) -> Iterator[None]:
        for id, entry in self._models.items():
            is_new = id not in self.rows
            if is_new:
                self.rows[id] = ModelRow(entry, self._words, self._theme)
                self.rows[id].wanted.connect(self.wanted)
            if self._fill(id) and not is_new:
                yield
            if is_new:
                self._card(entry.ability).add(self.rows[id], self._search)
                if not self.rows[id].isHidden():
                    self._nothing.hide()
                yield
        self._filter()

    def _card(self, ability: Ability) -> _AbilityCard:
        if ability not in self._cards:
            self._cards[ability] = card = _AbilityCard(self._words.ability(ability))
            card.hide()
            self._column.addWidget(card)
        return self._cards[ability]

    def _fill(self, id: str) -> bool:
        """Show a model in its row; False where the row shows it so already."""
        row, now = self.rows[id], (self._models[id], self._transfers.get(id), self._upkeep.get(id))
        row.plan = self._plan
        shown = (*now, self._plan if row.details is not None else None)
        if self._shown.get(id) == shown:
            return False
        self._shown[id] = shown
        row.show_model(*now)
        return True

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

    def add(self, row: ModelRow, words: tuple[str, ...]) -> None:
        """Append a row, and show it if it contains each of the words."""
        row.hide()
        self._inside.addWidget(row)
        if row.contains(words):
            mark_first(row, first=all(other.isHidden() for other in self._rows))
            row.show()
            self.show()
        self._rows.append(row)

    def show_only(self, words: tuple[str, ...]) -> bool:
        """Show the rows that contain each of the words; False if none does."""
        shown = [row for row in self._rows if row.contains(words)]
        for row in self._rows:
            row.setVisible(row in shown)
            mark_first(row, first=bool(shown) and row is shown[0])
        self.setVisible(bool(shown))
        return bool(shown)
