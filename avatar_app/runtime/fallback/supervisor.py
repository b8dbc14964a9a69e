"""Supervises engines: replaces those that fail by lighter or built-in ones, and restores them.

The conversation itself replaces a face that fails before the supervisor is notified; any other
engine is replaced by the built-in one after three failures or a permanent one. The user's new
choices are loaded in the same way. Engines are loaded in threads of their own, and the former one
is closed when it is idle.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.events import (
    AudioLevels,
    Event,
    Failed,
    Noticed,
    State,
    StateChanged,
    TurnEnded,
)
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.models.resolve import license_notices
from avatar_app.pipeline import commands
from avatar_app.pipeline.conversation import Conversation
from avatar_app.pipeline.stage import Stage
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.engine_switch import LoadsInBackground, notice_of_staying, switch
from avatar_app.runtime.fallback.face_switch import FaceSwitch
from avatar_app.runtime.fallback.quality_ladder import QualityLevel, Tier
from avatar_app.runtime.fallback.slot import FaceSlot, Slot
from avatar_app.runtime.kinds import KIND_OF_STAGE
from avatar_app.settings.schema import EngineChoice

FREE_WITHIN = 300.0
"""Seconds after which a replaced engine that still works counts as hung."""
SUPERVISED = frozenset(KIND_OF_STAGE.values())

_OnFailure = Callable[[AvatarError], None] | None
"""Callback for why an engine cannot be used; None: notify the user."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """The user wants another engine."""

    kind: Kind
    choice: EngineChoice
    used: Callable[[], None]
    failed: _OnFailure


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """Another level of a slot's ladder is due."""

    kind: Kind
    level: QualityLevel
    former: Any
    """The engine in use at the time of the request; if it was replaced meanwhile, the request is
    dropped."""
    reason: str = ""
    """Why the former one was given up; empty where the user was notified."""


class EngineSupervisor:
    """Receives the events of a conversation, and loads what its slots ask for. Thread-safe."""

    def __init__(
        self,
        engine_set: EngineSet,
        conversation: Conversation,
        post: Callable[[Event], None],
        supervised: frozenset[Kind] = SUPERVISED,
    ) -> None:
        """`supervised`: the kinds whose engines are replaced when they fail."""
        self._engine_set, self._conversation, self._post = engine_set, conversation, post
        self._lock = threading.Lock()
        self._idle = True
        self._face = FaceSwitch(engine_set, conversation)
        self.slots: dict[Kind, Slot] = {
            kind: self._slot(kind) for kind in supervised if kind in engine_set.ladders
        }
        self._working = Turn(id=0)
        self._loaders = {"faces": self._loader("faces"), "engines": self._loader("engines")}

    def _slot(self, kind: Kind) -> Slot:
        engines = self._engine_set
        ladder = engines.ladders[kind]
        if kind is Kind.FACE:
            return FaceSlot(ladder, engines.clock, has_standby=engines.fallback is not None)
        return Slot(kind, ladder, engines.clock)

    def _loader(self, name: str) -> Stage[_Choice | _Level, None]:
        return Stage(
            name, self._load, self._conversation.activity, _nothing, _nothing, self._not_loaded
        )

    def receive(self, event: Event) -> bool:
        """Receive an event; returns True if it is a failure that the supervisor reports itself."""
        with self._lock:
            match event:
                case Failed():
                    return self._fail(event)
                case StateChanged():
                    self._idle = event.state is State.IDLE
                case TurnEnded():
                    self._prove(event)
                case AudioLevels():
                    self._pass_time()
            return False

    def use(
        self, kind: Kind, choice: EngineChoice, used: Callable[[], None], failed: _OnFailure = None
    ) -> None:
        """Use another engine from the next turn on, a face from its first frame, and call `used`;
        if it cannot be loaded nothing changes, and `failed` is called or the user is notified."""
        with self._lock:
            if slot := self.slots.get(kind):
                slot.is_loading = True
            self._submit(_Choice(kind, choice, used, failed))

    def substitute(self, kind: Kind, reason: str = "") -> None:
        """Give up an engine that cannot be used. `reason`: why, if the user was not notified."""
        with self._lock:
            if slot := self.slots.get(kind):
                slot.give_up(Failed(None, "", reason))
                self._load_due(slot, reason)

    def close(self) -> None:
        """Stop loading. The current turn must be over, so that nothing waits for its end."""
        self._working.cancel()
        for loader in self._loaders.values():
            loader.close()

    # the callers of these hold `_lock`

    def _fail(self, failed: Failed) -> bool:
        slot = self._slot_of(failed)
        if slot is None:
            return False
        slot.fail(failed)
        if slot.reports_failures:
            log.info("%s: %s %s", failed.stage, failed.message, failed.hint)
        if slot.kind is not Kind.FACE:
            self._load_due(slot)
        return slot.reports_failures

    def _slot_of(self, failed: Failed) -> Slot | None:
        kind = KIND_OF_STAGE.get(failed.stage)
        return None if kind is None else self.slots.get(kind)

    def _prove(self, turn: TurnEnded) -> None:
        for slot in self.slots.values():
            if slot.proves(turn):
                title = self._title(self._engine_set.choices[slot.kind].engine, slot.kind)
                quality = ", at full quality" if slot.kind is Kind.FACE else ""
                self._post(Noticed(f"{title} works again{quality}."))

    def _pass_time(self) -> None:
        """Process what is due; called about 30 times a second."""
        for slot in self.slots.values():
            if isinstance(slot, FaceSlot) and (failed := slot.descent()):
                meanwhile = self._engine_set.meanwhile(slot.shown)
                hint = f"{failed.hint} {meanwhile}"
                self._post(Noticed(failed.message, hint, failed.reason, Kind.FACE))
            self._load_due(slot)

    def _load_due(self, slot: Slot, reason: str = "") -> None:
        if level := slot.due(idle=self._idle):
            slot.is_loading = True
            self._submit(_Level(slot.kind, level, self._engine_set.engines.get(slot.kind), reason))

    def _submit(self, job: _Choice | _Level) -> None:
        loader = "faces" if job.kind is Kind.FACE else "engines"
        self._loaders[loader].submit(self._working, job)

    def _title(self, engine: str, kind: Kind) -> str:
        return self._engine_set.registry.find(kind, engine).title

    # in a loader's thread

    def _load(self, job: _Choice | _Level, turn: Turn) -> Iterator[None]:
        if isinstance(job, _Choice):
            self._choose(job, turn)
        elif job.former is not self._engine_set.engines.get(job.kind):  # it was replaced before
            self.slots[job.kind].is_loading = False
        elif job.kind is Kind.FACE:
            at_work = self.slots[job.kind].tier
            self._face.load(job.level, at_work, turn, partial(self._took, job))
        else:
            self._exchange(job, turn)
        return iter(())

    def _choose(self, job: _Choice, turn: Turn) -> None:
        registry = self._engine_set.registry
        manifest = registry.find(job.kind, job.choice.engine)
        for notice in license_notices(job.choice.options, manifest, registry.paths):
            self._post(notice)
        if job.kind is Kind.FACE:
            self._face.choose(job.choice, turn, partial(self._filled, Kind.FACE))
        else:
            self._put_in(job.kind, partial(self._engine_set.put, job.kind, job.choice), turn)
        job.used()

    def _exchange(self, job: _Level, turn: Turn) -> None:
        engine_set, kind = self._engine_set, job.kind
        former = engine_set.manifests[kind].title
        put = partial(engine_set.put_level, kind, job.level)

        def loaded() -> None:
            with self._lock:
                self.slots[kind].took(job.level)
            if job.level.tier is Tier.BUILTIN:
                message = job.reason or f"{former} was given up."
                instead = f"{engine_set.manifests[kind].title} takes over."
                self._post(Noticed(message, instead, EngineFailed, kind))

        self._put_in(kind, put, turn, loaded)

    def _put_in(
        self,
        kind: Kind,
        put: Callable[[], Any],
        turn: Turn,
        loaded: Callable[[], None] | None = None,
    ) -> None:
        """Switch to an engine. `loaded` is called before the conversation uses it."""
        former = self._engine_set.engines[kind]
        with self._engine_set.replacing(kind):
            engine = put()
            if isinstance(engine, LoadsInBackground):
                engine.wait_ready()
            turn.check()
        (loaded or partial(self._filled, kind))()
        switch(self._conversation, commands.SwitchEngine(kind, engine), (former,), FREE_WITHIN)

    def _filled(self, kind: Kind) -> None:
        """Record that the user's choice is in use."""
        with self._lock:
            if (slot := self.slots.get(kind)) is None:
                return
            slot.fill(self._engine_set.ladders[kind])
            slot.is_loading = False
            if isinstance(slot, FaceSlot):
                slot.has_standby = self._engine_set.fallback is not None

    def _took(self, job: _Level) -> None:
        with self._lock:
            self.slots[job.kind].took(job.level)

    def _not_loaded(
        self, job: _Choice | _Level, _turn: Turn, _stage: str, error: AvatarError
    ) -> None:
        log.info("an engine could not be loaded: %s", error)
        with self._lock:
            slot = self.slots.get(job.kind)
            if slot is not None and isinstance(job, _Level):
                slot.missed(type(error))
            elif slot is not None:
                slot.is_loading = False
        if isinstance(job, _Choice) and job.failed is not None:
            job.failed(error)
        elif isinstance(job, _Choice):
            self._post(notice_of_staying(self._engine_set, job.kind, error))


def _nothing(*_: object) -> None:
    """Ignore what a loader yields, and its end."""
