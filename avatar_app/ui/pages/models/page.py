"""The page of models: memory and disk, downloads under way, and for each ability what there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from avatar_app.models.abilities import Ability
from avatar_app.session.model_downloads import ModelTransfer
from avatar_app.session.model_shelf import ModelShelf, ShelfModel
from avatar_app.session.model_upkeep import Upkeep
from avatar_app.ui.pages.models.details import ACCEPT, DELETE, FREE, MEASURE, REPAIR, VERIFY
from avatar_app.ui.pages.models.model_row import ModelAction, ModelRow
from avatar_app.ui.pages.models.overview import ModelOverview
from avatar_app.ui.pages.models.transfers import TransferCard
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.pages.page import PageContext, PageView, scrolled
from avatar_app.ui.pages.search_field import SearchField
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.notices import Action, Notice


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read of the library at one time."""

    transfers: tuple[ModelTransfer, ...]
    upkeep: Mapping[str, Upkeep]
    shelf: ModelShelf | None
    """None where only the progress may have changed."""

    @property
    def key(self) -> object:
        """Differs where the shelf may have changed."""
        states = [(each.model.id, each.state) for each in self.transfers]
        done = [(id, each.task, each.done) for id, each in self.upkeep.items()]
        return states, sorted(done)


class ModelsPage(PageView):
    """Reads the library off the window's thread; listens to it only while it is on show."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("Models"))
        self._library, self._work = context.session.models, context.work
        self._words = ModelWords(self)
        self._rows: dict[str, ModelRow] = {}
        self._cards: dict[Ability, _AbilityCard] = {}
        self._shelf: ModelShelf | None = None
        self._key: object = None
        self._reading = self._again = False
        self._unfollow: list[Callable[[], None]] = []
        self.search_field = SearchField(
            self.tr("Search the models"), self.tr("Words in title, summary, language or license")
        )
        self.overview = ModelOverview(context.theme, self._words)
        self.transfers = TransferCard(self._words)
        self._nothing = QLabel(self.tr("No model matches. Try fewer words."))
        self._lay_out()
        self._connect()

    def enter(self) -> None:
        context = self.context
        settings = context.session.settings
        post = partial(context.post, self._read_soon)
        self._unfollow = [
            self._library.subscribe(post),
            settings.subscribe(lambda _change: context.post(self._read_all)),
        ]
        self._read_all()

    def leave(self) -> None:
        for stop in self._unfollow:
            stop()
        self._unfollow = []

    def focus_first(self) -> None:
        self.search_field.setFocus()

    def escape(self) -> bool:
        return self.search_field.leave()

    def row(self, model: str) -> ModelRow:
        """The row of a model by its id."""
        return self._rows[model]

    def _read_all(self) -> None:
        self._key = None
        self._read_soon()

    def _read_soon(self) -> None:
        """Read once at a time; what changes meanwhile is read after that."""
        if self._reading:
            self._again = True
        elif self._unfollow:
            self._reading, key = True, self._key
            task = self._work.run(lambda: self._read(key))
            task.then(self._show).failed(self._failed)

    def _read(self, key: object) -> _Seen:
        library = self._library
        seen = _Seen(library.downloads.transfers(), dict(library.upkeep.states), None)
        if seen.key != key:
            seen = _Seen(seen.transfers, seen.upkeep, library.shelf())
        return seen

    def _show(self, seen: _Seen) -> None:
        if seen.shelf is not None:
            self._shelf, self._key = seen.shelf, seen.key
            self._make_rows(seen.shelf)
            self.overview.show_shelf(seen.shelf)
        moving = {each.model.id: each for each in seen.transfers}
        self.overview.show_upkeep(seen.upkeep)
        self.transfers.show_transfers(seen.transfers)
        for entry in self._shelf.models if self._shelf else ():
            id = entry.model.id
            self._rows[id].show_model(entry, moving.get(id), seen.upkeep.get(id))
        self._filter()
        self._done_reading()

    def _failed(self, error: Exception) -> None:
        self.toast.tell(Notice(str(error), failure=True))
        self._done_reading()

    def _done_reading(self) -> None:
        self._reading = False
        if self._again:
            self._again = False
            self._read_soon()

    def _make_rows(self, shelf: ModelShelf) -> None:
        """Rows are made once; a catalog that has grown adds some."""
        ordered = sorted(shelf.models, key=lambda each: list(Ability).index(each.ability))
        for ability, entries in groupby(ordered, key=lambda each: each.ability):
            new = [entry for entry in entries if entry.model.id not in self._rows]
            if new:
                self._add(ability, new)

    def _add(self, ability: Ability, entries: list[ShelfModel]) -> None:
        card = self._cards.get(ability)
        if card is None:
            card = self._cards[ability] = _AbilityCard(self._words.ability(ability))
            self._groups.addWidget(card)
        for entry in entries:
            row = ModelRow(entry, self._words, self.context.theme)
            row.wanted.connect(self._act)
            self._rows[entry.model.id] = row
            card.inside.addWidget(row)

    def _filter(self) -> None:
        """Show the models that the search means, under their abilities."""
        words = self.search_field.text().casefold().split()
        found = False
        for card in self._cards.values():
            rows = card.findChildren(ModelRow)
            shown = [row for row in rows if all(word in _searchable(row) for word in words)]
            for row in rows:
                row.setVisible(row in shown)
                row.mark_first(first=bool(shown) and row is shown[0])
            card.setVisible(bool(shown))
            found = found or bool(shown)
        self._nothing.setVisible(not found and self._shelf is not None)

    def _act(self, action: str, id: str) -> None:
        entry = self._rows[id].entry
        model, library = entry.model, self._library
        does: dict[str, Callable[[], object]] = {
            ModelAction.GET: lambda: library.downloads.get(id),
            ModelAction.USE: lambda: library.use(model),
            ModelAction.RESTORE: lambda: library.restore(model),
            ACCEPT: lambda: library.accept_and_get(model),
            VERIFY: lambda: library.upkeep.verify(model),
            MEASURE: lambda: library.upkeep.measure(model),
            REPAIR: lambda: library.repair(model),
            DELETE: lambda: library.delete(model),
            FREE: library.free_now,
        }
        self._run(does[action], partial(self._did, action, entry))

    def _run(self, job: Callable[[], object], then: Callable[[], None] = lambda: None) -> None:
        task = self._work.run(job)
        task.then(lambda _: then()).failed(self.toast.tell_error)

    def _did(self, action: str, entry: ShelfModel) -> None:
        """Offer to undo what can be undone."""
        title = entry.model.title
        told: tuple[str, Callable[[], object]] | None = None
        if action == ModelAction.USE:
            undo: Callable[[], object] = self.context.session.settings.undo
            told = self.tr("{} is used from now on.").format(title), undo
        elif action == DELETE:
            told = self.tr("{} is deleted.").format(title), partial(self._restore, entry)
        self._read_all()
        if told is not None:
            message, undo = told
            self.toast.dismiss_all()
            action_ = Action(self.tr("Undo"), lambda: self._run(undo, self._read_all))
            self.toast.tell(Notice(message, action=action_))

    def _restore(self, entry: ShelfModel) -> None:
        self._library.restore(entry.model)

    def _lay_out(self) -> None:
        self.head.addWidget(self.search_field, 1)
        self._nothing.setObjectName("empty")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setMinimumHeight(20 * UNIT)
        self._nothing.hide()
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 2 * UNIT, 10 * UNIT)
        column.setSpacing(2 * UNIT)
        self._groups = QVBoxLayout()
        self._groups.setSpacing(UNIT)
        column.addWidget(self.overview)
        column.addWidget(self.transfers)
        column.addLayout(self._groups)
        column.addWidget(self._nothing)
        column.addStretch(1)
        self.body.addWidget(scrolled(column, self.tr("Models")), 1)

    def _connect(self) -> None:
        downloads = self._library
        self.search_field.textChanged.connect(self._filter)
        self.overview.measure_wanted.connect(
            lambda: self._run(downloads.upkeep.measure_machine, self._read_all)
        )
        card = self.transfers
        card.get_wanted.connect(lambda id: self._run(lambda: downloads.downloads.get(id)))
        card.pause_wanted.connect(lambda id: self._run(lambda: downloads.downloads.pause(id)))
        card.cancel_wanted.connect(lambda id: self._run(lambda: downloads.downloads.cancel(id)))
        card.all_wanted.connect(lambda: self._run(lambda: downloads.downloads.get_all()))


class _AbilityCard(QWidget):
    """A heading, and a card of rows."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setAccessibleName(title)
        heading = QLabel(title)
        heading.setObjectName("section")
        card = QFrame()
        card.setObjectName("formCard")
        self.inside = QVBoxLayout(card)
        self.inside.setContentsMargins(0, 0, 0, 0)
        self.inside.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, UNIT)
        column.setSpacing(UNIT)
        column.addWidget(heading)
        column.addWidget(card)


def _searchable(row: ModelRow) -> str:
    model = row.entry.model
    parts = (model.id, model.title, model.summary, model.license.title, *model.languages)
    return " ".join((*parts, row.verdict.text(), row.state.text())).casefold()
