"""The page of models: memory and disk, current downloads, and the models of each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QVBoxLayout

from avatar_app.session.model_downloads import ModelTransfer
from avatar_app.session.model_listing import ListedModel, ModelListing
from avatar_app.session.model_upkeep import FOLDER, Upkeep
from avatar_app.settings.store import SettingsChange
from avatar_app.ui.language.translator import LANGUAGE
from avatar_app.ui.pages.language_change import use_model
from avatar_app.ui.pages.models.details import (
    ACCEPT,
    DELETE,
    FREE,
    INSTALL,
    MEASURE,
    REPAIR,
    STOP,
    VERIFY,
)
from avatar_app.ui.pages.models.groups import ModelGroups
from avatar_app.ui.pages.models.model_row import ModelAction, ModelRow
from avatar_app.ui.pages.models.overview import ModelOverview
from avatar_app.ui.pages.models.transfers import TransferCard
from avatar_app.ui.pages.models.words import ModelWords
from avatar_app.ui.pages.page import PageContext, PageView, scrolled
from avatar_app.ui.pages.search_field import SearchField
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.margins import margins
from avatar_app.ui.widgets.notices import Action, Notice


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read of the library at one time."""

    transfers: tuple[ModelTransfer, ...]
    upkeep: Mapping[str, Upkeep]
    times_ended: tuple[int, int]
    """How many downloads and tasks ended, of which the states tell the last one alone."""
    listing: ModelListing | None
    """None where only the progress may have changed."""

    @property
    def key(self) -> object:
        """Differs where the listing may have changed."""
        states = [(each.model.id, each.state) for each in self.transfers]
        done = [(id, each.task, each.done) for id, each in self.upkeep.items()]
        return states, sorted(done), self.times_ended


class ModelsPage(PageView):
    """Reads the library off the window's thread; listens to it only while it is on show."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("Models"))
        self._library, self._work = context.session.models, context.work
        self._words = ModelWords(self)
        self._listing: ModelListing | None = None
        self._key: object = None
        self._reading = self._again = False
        self._unfollow: list[Callable[[], None]] = []
        self.search_field = SearchField(
            self.tr("Search the models"), self.tr("Words in title, summary, language or license")
        )
        self.overview = ModelOverview(context.theme, self._words)
        self.transfers = TransferCard(self._words)
        self.groups = ModelGroups(self._words, context.theme)
        self._lay_out()
        self._connect()

    def enter(self) -> None:
        context = self.context
        settings = context.session.settings
        post = partial(context.post, self._read_soon)
        self._unfollow = [
            self._library.subscribe(post),
            settings.subscribe(lambda change: context.post(lambda: self._settings_changed(change))),
        ]
        self._read_all()

    def leave(self) -> None:
        for stop in self._unfollow:
            stop()
        self._unfollow = []
        self.groups.stop()

    def focus_first(self) -> None:
        self.search_field.setFocus()

    @property
    def is_filled(self) -> bool:
        return self.groups.is_complete

    def look_for(self, words: str) -> None:
        self.search_field.setText(words)

    def escape(self) -> bool:
        return self.search_field.leave()

    def row(self, model: str) -> ModelRow:
        """The row of a model by its id."""
        return self.groups.rows[model]

    def _settings_changed(self, change: SettingsChange) -> None:
        """What the window keeps for itself concerns no model."""
        if not all(name.startswith("window.") for name in change.names):
            self._read_all()

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
        downloads, upkeep = self._library.downloads, self._library.upkeep
        ended = downloads.times_stopped, upkeep.times_ended
        seen = _Seen(downloads.transfers(), dict(upkeep.states), ended, listing=None)
        return seen if seen.key == key else replace(seen, listing=self._library.listing())

    def _show(self, seen: _Seen) -> None:
        if seen.listing is not None:
            self._listing, self._key = seen.listing, seen.key
            self.overview.show_listing(seen.listing)
        moving = {each.model.id: each for each in seen.transfers}
        self.overview.show_upkeep(seen.upkeep)
        self.transfers.show_transfers(seen.transfers)
        if self._listing is not None:
            listing = self._listing
            self.groups.show_models(listing.models, moving, seen.upkeep, listing.memory)
        self._done_reading()

    def _failed(self, error: Exception) -> None:
        self.toast.tell(Notice(str(error), failure=True))
        self._done_reading()

    def _done_reading(self) -> None:
        self._reading = False
        if self._again:
            self._again = False
            self._read_soon()

    def _act(self, action: str, id: str) -> None:
        entry = self.groups.rows[id].entry
        model, library = entry.model, self._library
        does: dict[str, Callable[[], object]] = {
            ModelAction.GET: lambda: library.downloads.get(id),
            ModelAction.USE: lambda: use_model(self.context.session, model, LANGUAGE.code),
            ModelAction.RESTORE: lambda: library.restore(model),
            ACCEPT: lambda: library.accept_and_get(model),
            VERIFY: lambda: library.upkeep.verify(model),
            MEASURE: lambda: library.upkeep.measure(model),
            INSTALL: lambda: self._install(entry),
            STOP: lambda: library.upkeep.stop(id),
            REPAIR: lambda: library.repair(model),
            DELETE: lambda: library.delete(model),
            FREE: library.free_now,
        }
        self._run(does[action], partial(self._did, action, entry))

    def _run(self, job: Callable[[], object], then: Callable[[], None] = lambda: None) -> None:
        task = self._work.run(job)
        task.then(lambda _: then()).failed(self.toast.tell_error)

    def _did(self, action: str, entry: ListedModel) -> None:
        """Offer to undo what can be undone."""
        title = entry.model.title
        message_and_undo: tuple[str, Callable[[], object]] | None = None
        if action == ModelAction.USE:
            undo: Callable[[], object] = self.context.session.settings.undo
            message_and_undo = self.tr("{} is used from now on.").format(title), undo
        elif action == DELETE:
            message_and_undo = (
                self.tr("{} is deleted.").format(title),
                partial(self._restore, entry),
            )
        self._read_all()
        if message_and_undo is not None:
            message, undo = message_and_undo
            self.toast.dismiss_all()
            action_ = Action(self.tr("Undo"), lambda: self._run(undo, self._read_all))
            self.toast.tell(Notice(message, action=action_))

    def _install(self, entry: ListedModel) -> None:
        if entry.extra is not None:
            self._library.upkeep.install(entry.model, entry.extra)

    def _ask_for_folder(self) -> None:
        dialog = QFileDialog(self, self.tr("Choose a folder for the models"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda path: self.move_to(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def move_to(self, folder: Path | None) -> None:
        """Move all models to a folder, or (None) back to their usual place."""
        self._run(lambda: self._library.move(folder))

    def _restore(self, entry: ListedModel) -> None:
        self._library.restore(entry.model)

    def _lay_out(self) -> None:
        self.head.addWidget(self.search_field, 1)
        column = QVBoxLayout()
        column.setContentsMargins(margins(0, 0, 2 * UNIT, 10 * UNIT))
        column.setSpacing(2 * UNIT)
        column.addWidget(self.overview)
        column.addWidget(self.transfers)
        column.addWidget(self.groups)
        column.addStretch(1)
        self.body.addWidget(scrolled(column, self.tr("Models")), 1)

    def _connect(self) -> None:
        downloads = self._library
        self.search_field.textChanged.connect(self.groups.search)
        self.groups.wanted.connect(self._act)
        self.overview.measure_wanted.connect(
            lambda: self._run(downloads.upkeep.measure_machine, self._read_all)
        )
        folder = self.overview.folder
        folder.move_wanted.connect(self._ask_for_folder)
        folder.back_wanted.connect(lambda: self.move_to(None))
        folder.cancel_wanted.connect(lambda: downloads.upkeep.stop(FOLDER))
        card = self.transfers
        card.get_wanted.connect(lambda id: self._run(lambda: downloads.downloads.get(id)))
        card.pause_wanted.connect(lambda id: self._run(lambda: downloads.downloads.pause(id)))
        card.cancel_wanted.connect(lambda id: self._run(lambda: downloads.downloads.cancel(id)))
        card.all_wanted.connect(lambda: self._run(lambda: downloads.downloads.get_all()))
