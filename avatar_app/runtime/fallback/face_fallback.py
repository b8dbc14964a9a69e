"""The climber keeps the best face on show that works: down its ladder at once, up when it can."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
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
from avatar_app.models.resolve import licence_notices
from avatar_app.pipeline import commands
from avatar_app.pipeline.conversation import Conversation
from avatar_app.pipeline.output.face_stage import PERFORM, REST
from avatar_app.pipeline.stage import Stage
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.fallback.engine_switch import close_when_idle, notice_of_staying, switch
from avatar_app.runtime.fallback.faces import make_face, make_fallback
from avatar_app.runtime.fallback.quality_ladder import QualityLadder, QualityLevel, Tier, levels_of
from avatar_app.settings.schema import EngineChoice

log = logging.getLogger(__name__)

TOLD_AFTER = 1.0
"""Seconds after a fall until it is told: by then it is known how deep it was."""
FREE_WITHIN = 30.0
"""Seconds after which a face that was relieved and still draws counts as hung."""


@dataclass(frozen=True, slots=True, eq=False)
class _SwitchRequest:
    """The user wants another face."""

    choice: EngineChoice
    used: Callable[[], None]


class FaceSupervisor:
    """Hears the events of a conversation, whose performing has shown a simpler face by the time a
    failure is heard. Engines are loaded in a thread, one after the other: those that failed only
    while nobody speaks or is answered.

    One notice tells of a descent, one of the return to full quality.
    """

    def __init__(
        self,
        rack: EngineSet,
        conversation: Conversation,
        post: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        assert rack.face_ladder is not None, "a rack that was made has a ladder"
        self._rack, self._ladder = rack, rack.face_ladder
        self._conversation, self._post, self._clock = conversation, post, clock
        self._lock = threading.Lock()
        self._level = self._ladder.rung.level
        self._idle, self._wanted = True, False
        self._loads = 0
        self._failed: Failed | None = None
        self._tell_at: float | None = None
        self._told = None if self._ladder.is_at_top else self._level
        self._working = Turn(id=0)
        self._loader: Stage[QualityLevel | _SwitchRequest, None] = Stage(
            "climber", self._load, conversation.activity, _nothing, _nothing, self._not_loaded
        )

    def hear(self, event: Event) -> bool:
        """Take an event; True if it is a failure of a face, which the climber tells of itself."""
        with self._lock:
            match event:
                case Failed() if event.stage in (PERFORM, REST):
                    log.info("%s: %s %s", event.stage, event.message, event.hint)
                    self._fall(event)
                    return True
                case StateChanged():
                    self._idle = event.state is State.IDLE
                case TurnEnded() if event.pictures.chosen:
                    self._prove()
                case AudioLevels():
                    self._pass_time()
            return False

    def use(self, choice: EngineChoice, used: Callable[[], None]) -> None:
        """Show another face from the first picture on that it can draw, and call `used`; one that
        cannot be had leaves all as it is, and the user is told."""
        with self._lock:
            self._submit(_SwitchRequest(choice, used))

    def close(self) -> None:
        self._working.cancel()
        self._loader.close()

    def _fall(self, failed: Failed) -> None:
        if self._level is Tier.CHOSEN:
            self._wanted = self._ladder.fall(failed.reason).level is Tier.CHOSEN
            self._level = Tier.SOUND if self._rack.fallback is None else Tier.EMBEDDED
        else:  # the fallback itself: the ladder knows unless a lighter choice is being loaded
            self._level = Tier.SOUND
            if self._ladder.rung.level is Tier.EMBEDDED:
                self._ladder.fall(failed.reason)
        self._failed = self._failed or failed
        self._tell_at = self._clock() + TOLD_AFTER

    def _pass_time(self) -> None:
        """About 30 times a second."""
        if self._tell_at is not None and self._clock() >= self._tell_at:
            self._tell()
        if self._idle and not self._loads:
            rung = self._ladder.rung if self._wanted else self._ladder.better
            if rung is not None:
                self._submit(rung)

    def _submit(self, job: QualityLevel | _SwitchRequest) -> None:
        self._loads += 1
        self._loader.submit(self._working, job)

    def _tell(self) -> None:
        failed, self._tell_at, self._failed = self._failed, None, None
        if failed is None or self._told in (self._level, Tier.SOUND):
            return
        if self._told is not None and self._level is not Tier.SOUND:
            return
        self._told = self._level
        self._post(Noticed(failed.message, f"{failed.hint} {self._rack.meanwhile(self._level)}"))

    def _prove(self) -> None:
        """A whole turn was drawn."""
        if self._ladder.is_at_top and self._told is not None and self._tell_at is None:
            self._told = None
            title = self._rack.registry.find(Kind.FACE, self._rack.face_choice.engine).title
            self._post(Noticed(f"{title} works again, at full quality."))

    def _take(self, rung: QualityLevel) -> None:
        """The conductor has put the face of a rung on show."""
        with self._lock:
            self._level, self._wanted = rung.level, False
            self._loads -= 1
            self._ladder.rise(rung)

    def _take_over(self, other: EngineSet) -> None:
        """The conductor has put another face on show."""
        with self._lock:
            rack, ladder = self._rack, other.face_ladder
            assert ladder is not None, "a face that was loaded has a ladder"
            rack.engines |= other.engines
            rack.manifests |= other.manifests
            rack.face_choice, rack.face_ladder = other.face_choice, ladder
            rack.fallback = other.fallback
            rack.end_face_lease()
            rack.face_lease = other.face_lease
            self._ladder, self._level, self._wanted = ladder, Tier.CHOSEN, False
            self._failed = self._tell_at = self._told = None
            self._loads -= 1

    # In the loader's thread

    def _load(self, job: QualityLevel | _SwitchRequest, turn: Turn) -> Iterator[None]:
        if isinstance(job, _SwitchRequest):
            self._choose(job, turn)
        elif job.level is Tier.EMBEDDED:
            self._mend_fallback(job)
        elif self._level is Tier.CHOSEN:  # it works, and shall work with other options
            self._rack.engines[Kind.FACE].configure(**job.options)
            self._show(job)
        else:
            self._reload(job, turn)
        return iter(())

    def _choose(self, wish: _SwitchRequest, turn: Turn) -> None:
        rack = self._rack
        manifest = rack.registry.find(Kind.FACE, wish.choice.engine)
        for told in licence_notices(wish.choice.options, manifest):
            self._post(told)
        other = _other(rack, wish.choice, self._clock, turn)
        faces = (rack.engines[Kind.FACE], rack.fallback)
        former = {id(face): face for face in faces if face is not None}
        face, fallback = other.engines[Kind.FACE], other.fallback
        use = commands.SwitchEngine(Kind.FACE, face, fallback, lambda: self._take_over(other))
        switch(self._conversation, use, former.values(), FREE_WITHIN)
        wish.used()

    def _mend_fallback(self, rung: QualityLevel) -> None:
        rack = self._rack
        if rack.fallback is not None:
            self._retire(rack.fallback)
        rack.fallback = make_fallback(rack.registry, rack.face_choice)
        self._show(rung)

    def _reload(self, rung: QualityLevel, turn: Turn) -> None:
        rack = self._rack
        failed = rack.engines[Kind.FACE]
        if failed is not rack.fallback:
            self._retire(failed)
            rack.engines[Kind.FACE] = rack.fallback  # until another is made
        rack.engines[Kind.FACE] = _made(rack, rung, turn)
        rack.manifests[Kind.FACE] = rack.registry.find(Kind.FACE, rack.face_choice.engine)
        self._show(rung)

    def _retire(self, failed: Any) -> None:
        if not close_when_idle(failed, self._conversation.occupancy, FREE_WITHIN):
            raise EngineFailed("The face that failed hangs.", "Start the application again.")

    def _show(self, rung: QualityLevel) -> None:
        rack = self._rack
        face = rack.fallback if rung.level is Tier.EMBEDDED else rack.engines[Kind.FACE]
        use = commands.SwitchEngine(Kind.FACE, face, rack.fallback, lambda: self._take(rung))
        self._conversation.order(use)

    def _not_loaded(
        self, job: QualityLevel | _SwitchRequest, _turn: Turn, _stage: str, error: AvatarError
    ) -> None:
        log.info("a face could not be had: %s", error)
        with self._lock:
            self._loads -= 1
            if isinstance(job, QualityLevel) and self._wanted:
                self._wanted = self._ladder.fall(type(error)).level is Tier.CHOSEN
            elif isinstance(job, QualityLevel):
                self._ladder.stay()
        if isinstance(job, _SwitchRequest):
            self._post(notice_of_staying(self._rack, Kind.FACE, error))


def _other(
    rack: EngineSet, choice: EngineChoice, clock: Callable[[], float], turn: Turn
) -> EngineSet:
    """Another face at full quality, the one that stands by for it, and its ladder."""
    registry = rack.registry
    other = EngineSet(registry, lender=rack.lender, notice=rack.notice)
    other.face_choice = choice.model_copy(update={"options": dict(choice.options)})
    manifest = other.manifests[Kind.FACE] = registry.find(Kind.FACE, choice.engine)
    with ExitStack() as on_failure:
        on_failure.callback(other.close)
        other.fallback = make_fallback(registry, choice)
        rungs = levels_of(manifest, choice.options, other.fallback is not None)
        other.face_ladder = QualityLadder(rungs, clock)
        other.engines[Kind.FACE] = _made(other, rungs[0], turn)
        on_failure.pop_all()
    return other


def _made(rack: EngineSet, rung: QualityLevel, turn: Turn) -> Any:
    """The chosen face; closed again if nobody will use it."""
    face = make_face(rack, rung)
    if turn.cancelled:
        face.close()
        turn.check()
    return face


def _nothing(*_: object) -> None:
    """Nobody waits for the end of the loading."""
