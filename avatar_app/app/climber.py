"""The climber keeps the best face on show that works: down its ladder at once, up when it can."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

from avatar_app.app.build import EngineRack, make_face, make_fallback
from avatar_app.app.ladder import Level, Rung
from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Event, Failed, Heard, Noticed, State, StateChanged, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.pipeline import orders
from avatar_app.pipeline.conversation import Conversation
from avatar_app.pipeline.performing import PERFORM, REST
from avatar_app.pipeline.stage import Stage

log = logging.getLogger(__name__)

TOLD_AFTER = 1.0
"""Seconds after a fall until it is told: by then it is known how deep it was."""


class Climber:
    """Hears the events of a conversation, whose performing has shown a simpler face by the time a
    failure is heard. Engines are loaded in a thread, only while nobody speaks or is answered.

    One notice tells of a descent, one of the return to full quality.
    """

    def __init__(
        self,
        rack: EngineRack,
        conversation: Conversation,
        post: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        assert rack.face_ladder is not None, "a rack that was made has a ladder"
        self._rack, self._ladder = rack, rack.face_ladder
        self._conversation, self._post, self._clock = conversation, post, clock
        self._lock = threading.Lock()
        self._level = self._ladder.rung.level
        self._idle, self._loading, self._wanted = True, False, False
        self._failed: Failed | None = None
        self._tell_at: float | None = None
        self._told = None if self._ladder.is_at_top else self._level
        self._working = Turn(id=0)
        self._loader: Stage[Rung, Any] = Stage(
            "climber", self._load, conversation.activity, self._loaded, _nothing, self._not_loaded
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
                case TurnEnded() if event.pictures.shown:
                    self._prove()
                case Heard():
                    self._pass_time()
            return False

    def configure(self, **options: Any) -> None:
        """Change options of the chosen face, whether or not it is on show."""
        self._rack.face_choice.options.update(options)
        if self._level is Level.CHOSEN:
            self._rack.engines[Kind.FACE].configure(**options)
            self._conversation.presenter.forget_resting()

    def close(self) -> None:
        self._working.cancel()
        self._loader.close()

    def _fall(self, failed: Failed) -> None:
        if self._level is Level.CHOSEN:
            self._wanted = self._ladder.fall(failed.reason).level is Level.CHOSEN
            self._level = Level.SOUND if self._rack.fallback is None else Level.EMBEDDED
        else:  # the fallback itself: the ladder knows unless a lighter choice is being loaded
            self._level = Level.SOUND
            if self._ladder.rung.level is Level.EMBEDDED:
                self._ladder.fall(failed.reason)
        self._failed = self._failed or failed
        self._tell_at = self._clock() + TOLD_AFTER

    def _pass_time(self) -> None:
        """About 30 times a second."""
        if self._tell_at is not None and self._clock() >= self._tell_at:
            self._tell()
        if self._idle and not self._loading:
            rung = self._ladder.rung if self._wanted else self._ladder.better
            if rung is not None:
                self._loading = True
                self._loader.submit(self._working, rung)

    def _tell(self) -> None:
        failed, self._tell_at, self._failed = self._failed, None, None
        if failed is None or self._told in (self._level, Level.SOUND):
            return
        if self._told is not None and self._level is not Level.SOUND:
            return
        self._told = self._level
        self._post(Noticed(failed.message, f"{failed.hint} {self._rack.meanwhile(self._level)}"))

    def _prove(self) -> None:
        """A whole turn was drawn."""
        if self._ladder.is_at_top and self._told is not None and self._tell_at is None:
            self._told = None
            title = self._rack.registry.find(Kind.FACE, self._rack.face_choice.engine).title
            self._post(Noticed(f"{title} works again, at full quality."))

    # In the loader's thread

    def _load(self, rung: Rung, _turn: Turn) -> Iterator[Any]:
        rack = self._rack
        if rung.level is Level.EMBEDDED:
            if rack.fallback is not None:
                rack.fallback.close()
            rack.fallback = make_fallback(rack.registry, rack.face_choice)
            yield rack.fallback
            return
        if self._level is Level.CHOSEN:  # it works, and shall work with other options
            rack.engines[Kind.FACE].configure(**rung.options)
        else:
            failed = rack.engines.pop(Kind.FACE)
            if failed is not rack.fallback:
                failed.close()
            rack.engines[Kind.FACE] = rack.fallback  # until another is made
            rack.engines[Kind.FACE] = make_face(rack, rung)
        yield rack.engines[Kind.FACE]

    def _loaded(self, rung: Rung, _turn: Turn, face: Any) -> None:
        self._conversation.order(orders.Use(Kind.FACE, face, self._rack.fallback))
        with self._lock:
            self._level, self._loading = rung.level, False
            if self._wanted:
                self._wanted = False
            else:
                self._ladder.rise()

    def _not_loaded(self, _rung: Rung, _turn: Turn, _stage: str, error: AvatarError) -> None:
        log.info("a better face could not be had: %s", error)
        with self._lock:
            self._loading = False
            if self._wanted:
                self._wanted = self._ladder.fall(type(error)).level is Level.CHOSEN
            else:
                self._ladder.stay()


def _nothing(_rung: Rung, _turn: Turn) -> None:
    """Nobody waits for the end of the loading."""
