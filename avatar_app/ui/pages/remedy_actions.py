"""What helps against a failure, as a button: gets the model, opens the page or row, asks again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtCore import QObject

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Failed, Noticed
from avatar_app.models.catalog import Model
from avatar_app.models.store import Presence
from avatar_app.session.remedies import Remedy, RemedyKind, remedy_for, remedy_of
from avatar_app.session.session import Session
from avatar_app.ui.language.formats import size_text
from avatar_app.ui.pages.page_ids import (
    AVATARS,
    DEVICES,
    MODELS,
    PERFORMANCE,
    PRIVACY,
    SETTINGS,
    VOICES,
)
from avatar_app.ui.qt.work import Work
from avatar_app.ui.widgets.notices import Action


def short_title(model: Model) -> str:
    """Return a model's title without what stands in brackets: for a button."""
    return model.title.partition(" (")[0]


class ShowPage(Protocol):
    """Opens another page by its id, and searches it for words."""

    def __call__(self, id: str, words: str = "") -> None: ...


class RemedyActions(QObject):
    """Knows the pages, and what can be done at once."""

    def __init__(
        self,
        session: Session,
        work: Work,
        show_page: ShowPage,
        ask_again: Callable[[int], None],
    ) -> None:
        """`ask_again` repeats what the user said in a turn."""
        super().__init__()
        self._session, self._work = session, work
        self._show_page, self._ask_again = show_page, ask_again

    def for_event(self, event: Failed | Noticed) -> Action | None:
        """Return the button for what is reported; None where nothing helps."""
        return self._action(remedy_for(event))

    def for_error(self, error: AvatarError) -> Action | None:
        """Return the button for an error; None where nothing helps."""
        return self._action(remedy_of(type(error), error.hint))

    def _action(self, remedy: Remedy | None) -> Action | None:
        if remedy is None:
            return None
        match remedy.kind:
            case RemedyKind.GET_MODEL | RemedyKind.ACCEPT_LICENSE:
                return self._getting(remedy)
            case RemedyKind.TRY_AGAIN:
                ask = partial(self._ask_again, int(remedy.target))
                return Action(self.tr("Ask again"), ask)
            case RemedyKind.CHOOSE_DEVICE:
                return Action(self.tr("Devices"), partial(self._show_page, DEVICES))
            case RemedyKind.INSTALL:
                title = self.tr("Install {}").format(remedy.target)
                return Action(title, partial(self._show_page, MODELS, self.model_of(remedy.target)))
            case RemedyKind.SETTING:
                title = self.tr("Open the setting")
                return Action(title, partial(self._show_page, SETTINGS, remedy.target))
        title, page = self._pages()[remedy.kind]
        return Action(title, partial(self._show_page, page))

    def _pages(self) -> dict[RemedyKind, tuple[str, str]]:
        return {
            RemedyKind.SHOW_MODELS: (self.tr("Models"), MODELS),
            RemedyKind.FREE_MEMORY: (self.tr("What takes memory"), MODELS),
            RemedyKind.FREE_DISK: (self.tr("What takes the disk"), PRIVACY),
            RemedyKind.ALLOW_NETWORK: (self.tr("Connections"), PRIVACY),
            RemedyKind.SPEED: (self.tr("Show what is slow"), PERFORMANCE),
            RemedyKind.NEW_AVATAR: (self.tr("New avatar"), AVATARS),
            RemedyKind.CLONE_VOICE: (self.tr("Voices"), VOICES),
        }

    def _getting(self, remedy: Remedy) -> Action | None:
        """Fetch a model at once; where its license must be accepted, show it."""
        model = self._session.models.catalog().by_id.get(remedy.target)
        if model is None:
            return Action(self.tr("Models"), partial(self._show_page, MODELS))
        show = partial(self._show_page, MODELS, model.title)
        store = self._session.models.store
        if store.presence(model) is Presence.INSTALLED or not store.is_accepted(model):
            return Action(self.tr("Show {}").format(short_title(model)), show)
        return Action(self._get_title(model), partial(self._get, model, show))

    def _get_title(self, model: Model) -> str:
        title = self.tr("Get {}").format(short_title(model))
        return f"{title}  ·  {size_text(model.bytes)}" if model.bytes else title

    def _get(self, model: Model, show: Callable[[], None]) -> None:
        self._work.run(lambda: self._session.models.downloads.get(model.id))
        show()

    def model_of(self, engine: str) -> str:
        """Return the title of the first model of an engine, to search the page for it; empty where
        there is none. An extra is called as its engine."""
        models = self._session.models.catalog().models
        return next((each.title for each in models if each.engine == engine), "")
