"""Installs the starter set part by part, while the conversation goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import partial
from typing import Any, Protocol

from avatar_app.core.errors import AvatarError, TooSlow
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import Model, user_catalog
from avatar_app.models.progress import DownloadProgress
from avatar_app.models.store import Store
from avatar_app.performance.apply import apply
from avatar_app.performance.brain import known_machine
from avatar_app.performance.starter import (
    COMMAND,
    StarterItem,
    fetch_starter,
    starter_changes,
    starter_items,
)
from avatar_app.performance.voice_trial import VoiceTrial
from avatar_app.runtime.kinds import BUILTIN, choices
from avatar_app.runtime.registry import Registry
from avatar_app.session.settings_applier import settings_choosing
from avatar_app.session.starter import Offer, PartState, StarterOutcome, StarterProgress
from avatar_app.settings.schema import EngineChoice
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import AppPaths

OFFERED_AGAIN = timedelta(days=7)
"""Days until it is offered once more, and then never again."""
_SETTING = "window.starter_offer"
_NEVER = "never"
_LOOK = 0.1
"""Seconds between two checks for cancellation."""
_TOLD = {
    Kind.TTS: "This is my new voice.",
    Kind.ASR: "My speech recognition is new: I understand you better now.",
    Kind.TURN: "Now I hear when you have finished, and answer sooner.",
    Kind.DIALOGUE: "I have a new language model. It is small and makes mistakes, but now you "
    "can talk with me about anything.",
}


class LiveEngines(Protocol):
    """A session whose engines can be exchanged."""

    def wait_open(self) -> bool:
        """Block until it is open; returns False if it cannot be opened."""

    def use(
        self,
        kind: Kind,
        choice: EngineChoice,
        then: Callable[[], None],
        failed: Callable[[AvatarError], None],
    ) -> None:
        """Switch to another engine and save the choice; calls `then`, or `failed`."""

    def say(self, text: str) -> None:
        """Let the avatar say something on its own."""


class StarterInstaller:
    """The starter set for a live conversation."""

    def __init__(
        self, session: LiveEngines, settings: SettingsStore, paths: AppPaths, registry: Registry
    ) -> None:
        self._session, self._settings, self._registry = session, settings, registry
        self._store, self._paths = Store.of(paths), paths
        self._can_be_undone = False
        self._former: dict[Kind, EngineChoice] = {}
        """What the parts have replaced."""

    def offer(self) -> Offer:
        return offer_on(date.today(), self._settings.get(_SETTING))

    def postpone(self) -> None:
        after = postponed(date.today(), self._settings.get(_SETTING))
        self._settings.change({_SETTING: after}, undoable=False)

    def items(self) -> tuple[StarterItem, ...]:
        """Return the parts, the voice first, so that it can announce the others."""
        machine = known_machine(self._paths, measure=False)  # not beside a conversation
        catalog = user_catalog(self._store.root)
        every = starter_items(catalog, self._store, self._registry, machine)
        chosen = choices(self._settings.settings)
        lacking = [item for item in every if chosen[item.kind].engine == BUILTIN[item.kind]]
        return tuple(sorted(lacking, key=lambda item: item.kind is not Kind.TTS))

    def get(
        self,
        items: Iterable[StarterItem],
        job: Job[StarterOutcome],
        watch: Callable[[StarterProgress], None],
    ) -> StarterOutcome:
        if not self._can_be_undone:
            apply((), self._settings.user_file, COMMAND)  # for `avatar-app setup --undo`
            self._can_be_undone = True
        items = tuple(items)
        chosen = choices(self._settings.settings)
        self._former = {item.kind: self._replaced(chosen[item.kind], item.kind) for item in items}
        trial = VoiceTrial(self._registry, self._paths)
        installation = _Installation(items, job, watch, self._put_to_work, trial.slowness)
        return installation.run(self._store)

    def _replaced(self, chosen: EngineChoice, kind: Kind) -> EngineChoice:
        """Return what a part replaces, also where it did so when it was tried before."""
        is_builtin = chosen.engine == BUILTIN[kind]
        return chosen if is_builtin else self._former.get(kind, chosen)

    def undo(self) -> None:
        values: dict[str, Any] = {}
        for kind, choice in self._former.items():
            values |= settings_choosing(kind, choice)
        self._former = {}
        self._settings.change(values)

    def _put_to_work(
        self, model: Model, used: Callable[[], None], failed: Callable[[AvatarError], None]
    ) -> None:
        if not self._session.wait_open():
            self._choose(model)
            used()
            return

        def then() -> None:
            used()
            self._session.say(_TOLD.get(model.kind, f"I have something new: {model.title}."))

        choice = EngineChoice(engine=model.engine, options={"model": model.id})
        self._session.use(model.kind, choice, then, failed)

    def _choose(self, model: Model) -> None:
        """Choose the part for the next conversation, as there is none now."""
        self._settings.change(dict(starter_changes([model], self._settings.user_file)))


def offer_on(today: date, setting: str) -> Offer:
    """Evaluate the setting on a given day."""
    if setting == Offer.FIRST:
        return Offer.FIRST
    return Offer.LAST if _NEVER != setting <= today.isoformat() else Offer.NO


def postponed(today: date, setting: str) -> str:
    """Return the setting's new value after the user postponed the offer."""
    return (today + OFFERED_AGAIN).isoformat() if setting == Offer.FIRST else _NEVER


PutToWork = Callable[[Model, Callable[[], None], Callable[[AvatarError], None]], None]


class _Installation:
    """An installation in progress: a job's thread downloads, the session's threads load the
    engines."""

    def __init__(
        self,
        items: tuple[StarterItem, ...],
        job: Job[StarterOutcome],
        watch: Callable[[StarterProgress], None],
        put_to_work: PutToWork,
        slowness: Callable[[Model], TooSlow | None],
    ) -> None:
        self._items = {item.kind: item for item in items}
        self._job, self._watch, self._put_to_work = job, watch, put_to_work
        self._slowness = slowness
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)
        self._states = dict.fromkeys(self._items, PartState.WAITING)
        self._errors: dict[Kind, AvatarError] = {}
        self._download = DownloadProgress()

    def run(self, store: Store) -> StarterOutcome:
        fetching: Job[Any] = self._job
        items = self._items.values()
        came = fetch_starter(fetching, items, store, self._fetched, self._arrived, self._slowness)
        for model, error in came.failures:
            self._fail(model.kind, error)
        while not self._wait_settled():
            self._job.check()
        return StarterOutcome(
            tuple(item for kind, item in self._items.items() if kind not in self._errors),
            tuple((self._items[kind], error) for kind, error in self._errors.items()),
        )

    def _wait_settled(self) -> bool:
        """Block until every part is in use or has failed."""
        ended = {PartState.AT_WORK, PartState.FAILED}
        with self._settled:
            return self._settled.wait_for(lambda: set(self._states.values()) <= ended, _LOOK)

    def _fetched(self, now: DownloadProgress) -> None:
        self._download = now
        coming = next((k for k, item in self._items.items() if now.model in _ids(item)), None)
        if coming is not None:
            self._note(coming, PartState.COMING)

    def _arrived(self, model: Model) -> None:
        self._note(model.kind, PartState.LOADING)
        used = partial(self._note, model.kind, PartState.AT_WORK)
        self._put_to_work(model, used, partial(self._fail, model.kind))

    def _fail(self, kind: Kind, error: AvatarError) -> None:
        self._errors[kind] = error
        self._note(kind, PartState.FAILED)

    def _note(self, kind: Kind, state: PartState) -> None:
        with self._settled:
            self._states[kind] = state
            now = StarterProgress(dict(self._states), self._download)
            self._settled.notify_all()
        self._watch(now)


def _ids(item: StarterItem) -> set[str]:
    """Return the models that may come for an item."""
    return {each.id for each in (item.model, *item.instead)}
